import type { Command } from 'commander'
import type { CreateOptions, ImportOptions, ReconnectOptions, SignedOptions } from '../commands/authorities.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote, several } from './command.ts'

type Asking = TargetOptions & { readonly yes?: boolean }

const sample = 'ca_0199c0ffee00700080000000000000aa'

/** `gatehouse pki authorities …` */
export function addAuthorities(pki: Command): void {
  const authorities = group(pki, 'authorities', 'Who signs: roots that are trusted, and what issues under them')
  addReading(authorities)
  addMaking(authorities)
  addChanging(authorities)
  addKeys(authorities)
}

function addReading(authorities: Command): void {
  remote(authorities, 'list', {
    summary: 'Lists the authorities, each under who signed it',
    example: 'gatehouse pki authorities list',
  }).action(async (options: TargetOptions) => {
    const { listAuthorities } = await import('../commands/authorities.ts')
    await listAuthorities(options)
  })

  remote(authorities, 'show <id>', {
    summary: 'Shows an authority; with --pem, its certificate alone on stdout',
    example: `gatehouse pki authorities show ${sample} --pem > authority.pem`,
  })
    .option('--pem', 'prints the certificate in PEM and nothing else')
    .action(async (id: string, options: TargetOptions & { pem?: boolean }) => {
      const { showAuthority } = await import('../commands/authorities.ts')
      await showAuthority(id, options)
    })
}

function addMaking(authorities: Command): void {
  remote(authorities, 'create', {
    summary: 'Makes an intermediate for a line, or a root on standby',
    example:
      'gatehouse pki authorities create --line servers\ngatehouse pki authorities create --line printers --permit printers.example.org --exclude 0.0.0.0/0\ngatehouse pki authorities create --root',
  })
    .option('--line <line>', 'what the intermediate issues for')
    .option('--root', 'makes a root instead')
    .option('--algorithm <kind>', 'P-256, P-384, RSA-2048, RSA-3072 or RSA-4096', 'P-256')
    .option('--permit <name>', 'names it may certify: a host, a network, uri:host or email:host (repeatable)', several)
    .option('--exclude <name>', 'names it may not certify (repeatable)', several)
    .action(async (options: CreateOptions) => {
      const { createAuthority } = await import('../commands/authorities.ts')
      await createAuthority(options)
    })

  remote(authorities, 'request', {
    summary: 'Makes a key and prints its request, to be signed by a root kept elsewhere',
    example: 'gatehouse pki authorities request --line servers > servers.csr',
  })
    .requiredOption('--line <line>', 'what the intermediate is to issue for')
    .option('--algorithm <kind>', 'P-256, P-384, RSA-2048, RSA-3072 or RSA-4096', 'P-256')
    .option('--permit <name>', 'names it may certify (repeatable)', several)
    .option('--exclude <name>', 'names it may not certify (repeatable)', several)
    .action(async (options: CreateOptions) => {
      const { requestAuthority } = await import('../commands/authorities.ts')
      await requestAuthority(options)
    })

  remote(authorities, 'requests', {
    summary: 'Lists the requests that wait for their signature',
    example: 'gatehouse pki authorities requests',
  }).action(async (options: TargetOptions) => {
    const { listRequests } = await import('../commands/authorities.ts')
    await listRequests(options)
  })

  remote(authorities, 'signed <id>', {
    summary: 'Takes in the certificate that was signed for a request',
    example: `gatehouse pki authorities signed ${sample} --certificate servers.pem --chain root.pem`,
  })
    .requiredOption('--certificate <file>', 'the certificate in PEM')
    .option('--chain <file>', 'those above it that are not known here, in PEM')
    .action(async (id: string, options: SignedOptions) => {
      const { importSigned } = await import('../commands/authorities.ts')
      await importSigned(id, options)
    })

  remote(authorities, 'withdraw <id>', {
    summary: 'Withdraws a request and deletes its key',
    example: `gatehouse pki authorities withdraw ${sample} --yes`,
  })
    .option('--yes', 'does not ask')
    .action(async (id: string, options: Asking) => {
      const { withdrawRequest } = await import('../commands/authorities.ts')
      await withdrawRequest(id, options)
    })

  remote(authorities, 'import', {
    summary: 'Takes in a root or an intermediate made elsewhere, after everything about it was checked',
    example:
      'gatehouse pki authorities import --certificate root.pem\ngatehouse pki authorities import --certificate ca.pem --key ca.key --chain root.pem --line servers --passphrase-stdin < passphrase.txt',
  })
    .requiredOption('--certificate <file>', 'the certificate in PEM')
    .option('--key <file>', 'its private key in PEM: PKCS #8, PKCS #1 or SEC 1')
    .option('--chain <file>', 'those above it up to the root, in PEM')
    .option('--line <line>', 'what an intermediate is to issue for')
    .option('--passphrase-stdin', 'reads the passphrase of the key as one line from stdin')
    .option('--yes', 'does not ask')
    .action(async (options: ImportOptions) => {
      const { importAuthority } = await import('../commands/authorities.ts')
      await importAuthority(options)
    })
}

function addChanging(authorities: Command): void {
  remote(authorities, 'activate <id>', {
    summary: 'Rolls its line over: it issues from now on, the former one no more',
    example: `gatehouse pki authorities activate ${sample} --yes`,
  })
    .option('--yes', 'does not ask')
    .action(async (id: string, options: Asking) => {
      const { activateAuthority } = await import('../commands/authorities.ts')
      await activateAuthority(id, options)
    })

  remote(authorities, 'retire <id>', {
    summary: 'Lets it issue no more; what it issued stays trusted',
    example: `gatehouse pki authorities retire ${sample} --yes`,
  })
    .option('--yes', 'does not ask')
    .action(async (id: string, options: Asking) => {
      const { retireAuthority } = await import('../commands/authorities.ts')
      await retireAuthority(id, options)
    })

  remote(authorities, 'revoke <id>', {
    summary: 'Revokes it for good: whatever it issued is refused',
    example: `gatehouse pki authorities revoke ${sample} --reason keyCompromise --yes`,
  })
    .option(
      '--reason <reason>',
      'unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation or privilegeWithdrawn',
      'unspecified',
    )
    .option('--yes', 'does not ask')
    .action(async (id: string, options: Asking & { reason: string }) => {
      const { revokeAuthority } = await import('../commands/authorities.ts')
      await revokeAuthority(id, options)
    })
}

function addKeys(authorities: Command): void {
  remote(authorities, 'export <id>', {
    summary: "Writes a root's private key, encrypted with a passphrase, to a file of mode 0600",
    example: `gatehouse pki authorities export ${sample} --out root.key --passphrase-stdin < passphrase.txt`,
  })
    .requiredOption('--out <file>', 'a file that does not exist yet')
    .option('--passphrase-stdin', 'reads the passphrase as one line from stdin')
    .option('--yes', 'does not ask')
    .action(async (id: string, options: Asking & { out: string; passphraseStdin?: boolean }) => {
      const { exportKey } = await import('../commands/authorities.ts')
      await exportKey(id, options)
    })

  remote(authorities, 'offline <id>', {
    summary: "Deletes a root's private key on the server, after the exported file was read here",
    example: `gatehouse pki authorities offline ${sample} --file root.key --yes`,
  })
    .requiredOption('--file <file>', 'the file that "export" wrote last')
    .option('--yes', 'does not ask')
    .action(async (id: string, options: Asking & { file: string }) => {
      const { disconnectKey } = await import('../commands/authorities.ts')
      await disconnectKey(id, options)
    })

  remote(authorities, 'online <id>', {
    summary: "Brings a root's private key back to the server",
    example: `gatehouse pki authorities online ${sample} --key root.key --passphrase-stdin < passphrase.txt`,
  })
    .requiredOption('--key <file>', 'the private key in PEM')
    .option('--passphrase-stdin', 'reads the passphrase as one line from stdin')
    .action(async (id: string, options: ReconnectOptions) => {
      const { reconnectKey } = await import('../commands/authorities.ts')
      await reconnectKey(id, options)
    })
}
