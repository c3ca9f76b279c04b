/** What a unit runs: the agent's own command line. */
export interface UnitOptions {
  /** The `gatehouse` program and its arguments, in order. */
  readonly command: readonly string[]
  /** Directories it writes to. */
  readonly writes: readonly string[]
  readonly about: string
}

/** A systemd service that keeps a certificate current. */
export function systemdUnit({ command, writes, about }: UnitOptions): string {
  return `[Unit]
Description=Certificate of ${unitText(about)}, from Gatehouse
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=${command.map(unitWord).join(' ')}
Restart=on-failure
RestartSec=60
UMask=0022
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=true
ReadWritePaths=${[...new Set(writes)].map(unitWord).join(' ')}

[Install]
WantedBy=multi-user.target
`
}

/** A word of a command line as systemd reads it (systemd.service(5), “Command lines”). */
function unitWord(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w@+=:,./%$-]+$/.test(text) ? escaped : `"${escaped.replaceAll('\n', '\\n')}"`
}

function unitText(text: string): string {
  return text.replaceAll(/[\p{Cc}\\]/gu, ' ').replaceAll('%', '%%')
}
