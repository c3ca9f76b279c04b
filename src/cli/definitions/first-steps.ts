import type { Command } from 'commander'
import type { LoginOptions } from '../commands/login.ts'
import type { SetupOptions } from '../commands/setup.ts'
import type { TargetOptions } from '../target.ts'
import { leaf, remote } from './command.ts'

/** `serve`, `reload`, `setup`, `login`, `logout` and `ca`. */
export function addFirstSteps(program: Command): void {
  addServe(program)

  remote(program, 'reload', {
    summary: 'Lets the running server read configuration and certificates again, without dropping a connection',
    example: 'gatehouse reload\ngatehouse reload --data /var/lib/gatehouse',
  }).action(async (options: TargetOptions) => {
    const { reload } = await import('../commands/reload.ts')
    await reload(options)
  })

  leaf(program, 'setup', {
    summary: 'Makes the first administrator, on the machine that the server runs on',
    example: 'gatehouse setup\ngatehouse setup --handle ada --display-name Ada --password-stdin < password.txt',
  })
    .option('--data <directory>', 'the data directory whose server is meant')
    .option('--handle <handle>', 'the name to sign in with')
    .option('--display-name <name>', 'the name that people see')
    .option('--password-stdin', 'reads the password as one line from stdin')
    .action(async (options: SetupOptions) => {
      const { setup } = await import('../commands/setup.ts')
      await setup(options)
    })

  leaf(program, 'login [url]', {
    summary:
      'Signs in to a server, with a second factor where one is asked for, and keeps a token for it in ~/.config/gatehouse',
    example:
      'gatehouse login https://gatehouse.localhost:8443\ngatehouse login https://gate.example.org --handle ada --password-stdin < password.txt\ngatehouse login https://gate.example.org --handle ada --key ~/.ssh/id_ed25519\ngatehouse login https://gate.example.org --handle ada --agent\ngatehouse login https://gate.example.org --handle ada --password-stdin --agent < password.txt',
  })
    .option('--handle <handle>', 'the account to sign in with')
    .option(
      '--key <file>',
      'signs in with a private key: PEM, or of OpenSSH; a .pub file is looked for in ssh-agent; beside a password it follows as second factor',
    )
    .option('--agent', 'signs in with the one key in ssh-agent; of several, --key says which')
    .option('--passphrase-stdin', 'reads the passphrase of a PEM key as one line from stdin, the last of several')
    .option(
      '--shared-secret-stdin',
      'signs in with a shared secret, read as one line from stdin; beside a password or a key it follows as second factor',
    )
    .option('--code <code>', 'the code of the second factor, where one is asked for')
    .option('--password-stdin', 'reads the password as one line from stdin, the first of several')
    .option('--token-stdin', 'keeps an API token, read as one line from stdin, instead of signing in')
    .option('--ca-fingerprint <sha256>', 'the fingerprint of the server’s authority, as it printed when it started')
    .action(async (url: string | undefined, options: LoginOptions) => {
      const { login } = await import('../commands/login.ts')
      await login(url, options)
    })

  remote(program, 'logout', {
    summary: 'Revokes the token that login keeps, and forgets it',
    example: 'gatehouse logout',
  }).action(async (options: TargetOptions) => {
    const { logout } = await import('../commands/login.ts')
    await logout(options)
  })

  remote(program, 'ca', {
    summary: 'Prints the certificate authority, its fingerprint, and how to trust it',
    example: 'gatehouse ca\ngatehouse ca --pem > gatehouse-ca.crt',
  })
    .option('--pem', 'prints the certificate only')
    .action(async (options: TargetOptions & { pem?: boolean }) => {
      const { showAuthority } = await import('../commands/ca.ts')
      await showAuthority(options)
    })
}

/** Only its help: `main.ts` runs the server without loading the rest of this. */
function addServe(program: Command): void {
  program
    .command('serve')
    .description('Runs the server')
    .helpOption('-h, --help', 'prints this help')
    .option('--config <file>', 'the configuration file, instead of gatehouse.toml here')
    .option('--data <directory>', 'the data directory, instead of ./data')
    .addHelpText('after', '\nExample:\n  $ gatehouse serve --data /var/lib/gatehouse')
}
