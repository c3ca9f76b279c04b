import type { Command } from 'commander'
import { exitMeanings, ownCodes } from '../../src/cli/failure.ts'
import { buildProgram } from '../../src/cli/program.ts'

const intro = `# Command line

<!-- Written by \`npm run docs\` from the commands in src/cli; a test fails when they differ. -->

\`gatehouse\` talks HTTP to the server like any other client; it has no way in of its own. In a checkout it is
\`bin/gatehouse\`.

**Which server.** The one named by \`--url\` or \`GATEHOUSE_URL\`; else the one whose admin socket stands in the data
directory here (\`--data\`, \`GATEHOUSE_DATA\`, \`data\` in gatehouse.toml, \`./data\`) and belongs to you; else the one
signed in to last. On the admin socket you act as \`local\`: being the machine's owner is the proof.

**Signing in.** \`gatehouse login\` asks for handle and password and keeps a token that expires in
\`~/.config/gatehouse/credentials.json\` (mode 0600). On first contact with a server that uses its own certificate
authority, compare the fingerprint it shows with the one the server printed when it started, or pass that one as
\`--ca-fingerprint\`. In CI, set \`GATEHOUSE_URL\`, \`GATEHOUSE_TOKEN\` and, for a server with its own authority,
\`GATEHOUSE_CA_FILE\` (what \`gatehouse ca --pem\` prints). Passwords and tokens are never taken as arguments: other users
of the machine could read them.

**Output.** Results go to stdout, everything else to stderr. \`--json\` prints what the API answered, and a failure as
\`{"error": {"code", "title", "detail", …}}\` on stderr. Times are UTC. [Error codes](errors.md) are listed apart; those
that begin with \`cli.\` are the command's own.

| exit code | meaning |
|---|---|
${Object.entries(exitMeanings)
  .map(([code, meaning]) => `| ${code} | ${meaning} |`)
  .join('\n')}

\`gatehouse serve\` ends with 0 after a stop signal, with 78 when the configuration has faults, and with 1 when it cannot
start for another reason, or could not write everything as it stopped (its last line says so).
`

/** The text of docs/cli.md. */
export function cliPage(): string {
  const sections = leavesOf(buildProgram(), []).map(({ command, path }) => section(command, path))
  const codes = Object.entries(ownCodes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  return `${intro}\n${sections.join('\n')}\n## Its own error codes\n\n| code | meaning |\n|---|---|\n${codes.join('\n')}\n`
}

/** Every command that does something, with its words from the top. */
export function leavesOf(command: Command, path: readonly string[]): readonly { command: Command; path: string }[] {
  const own = [...path, command.name()]
  if (command.commands.length === 0) return [{ command, path: own.join(' ') }]
  return command.commands.flatMap((inner) => leavesOf(inner, own))
}

/** The help of a command as a person sees it, at a width that does not depend on the terminal. */
export function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
    getOutHelpWidth: () => 100,
  })
  command.outputHelp()
  return text
}

function section(command: Command, path: string): string {
  return `## ${path}\n\n\`\`\`text\n${helpOf(command).trim()}\n\`\`\`\n`
}
