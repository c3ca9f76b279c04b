import { type Command, Option } from 'commander'
import type { NewAccountOptions, PasswordOptions } from '../commands/accounts.ts'
import type { RecoveryLinkOptions } from '../commands/recovery.ts'
import type { SuspendOptions } from '../commands/suspension.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote } from './command.ts'

/** `gatehouse accounts …` */
export function addAccounts(program: Command): void {
  const accounts = group(program, 'accounts', 'People and what they sign in with')

  remote(accounts, 'list', { summary: 'Lists the accounts', example: 'gatehouse accounts list --search ada' })
    .option('--search <text>', 'in handle, name and e-mail')
    .option('--state <state>', 'active, suspended or disabled')
    .option('--limit <count>', 'how many at most', '1000')
    .action(async (options: TargetOptions & { search?: string; state?: string; limit: string }) => {
      const { listAccounts } = await import('../commands/accounts.ts')
      await listAccounts(options)
    })

  remote(accounts, 'create <handle>', {
    summary: 'Creates an account; without --password-stdin a password is made and printed once',
    example: 'gatehouse accounts create sam --display-name "Sam Vimes"',
  })
    .option('--display-name <name>', 'the name that people see; the handle when absent')
    .option('--email <address>', 'an e-mail address')
    .option('--password-stdin', 'reads the password as one line from stdin')
    .addOption(
      new Option(
        '--password-hash-stdin',
        'reads the bcrypt hash of a password from elsewhere as one line from stdin',
      ).conflicts('passwordStdin'),
    )
    .action(async (handle: string, options: NewAccountOptions) => {
      const { createAccount } = await import('../commands/accounts.ts')
      await createAccount(handle, options)
    })

  remote(accounts, 'show <account>', {
    summary: 'Shows an account by handle or id, with its open sessions and tokens',
    example: 'gatehouse accounts show sam',
  }).action(async (account: string, options: TargetOptions) => {
    const { showAccount } = await import('../commands/accounts.ts')
    await showAccount(account, options)
  })

  remote(accounts, 'disable <account>', {
    summary: 'Refuses an account everything from now on, and ends its sessions; can be undone',
    example: 'gatehouse accounts disable sam --yes',
  })
    .option('--yes', 'does not ask')
    .action(async (account: string, options: TargetOptions & { yes?: boolean }) => {
      const { disableAccount } = await import('../commands/accounts.ts')
      await disableAccount(account, options)
    })

  remote(accounts, 'enable <account>', {
    summary: 'Lets a disabled account sign in again',
    example: 'gatehouse accounts enable sam',
  }).action(async (account: string, options: TargetOptions) => {
    const { enableAccount } = await import('../commands/accounts.ts')
    await enableAccount(account, options)
  })

  remote(accounts, 'reset-password <account>', {
    summary: 'Sets the password of an account and ends its sessions; without --password-stdin one is made',
    example: 'gatehouse accounts reset-password sam --yes',
  })
    .option('--password-stdin', 'reads the password as one line from stdin')
    .option('--yes', 'does not ask')
    .action(async (account: string, options: PasswordOptions) => {
      const { resetPassword } = await import('../commands/accounts.ts')
      await resetPassword(account, options)
    })

  remote(accounts, 'recovery-link <account>', {
    summary: 'Makes a one-time link with which somebody sets a new password; prints it once, or mails it',
    example: 'gatehouse accounts recovery-link sam',
  })
    .option('--second-factors', 'takes their second factors away as well: for a lost phone or passkey')
    .option('--mail', 'sends it to their proved address instead of printing it')
    .action(async (account: string, options: RecoveryLinkOptions) => {
      const { makeRecoveryLink } = await import('../commands/recovery.ts')
      await makeRecoveryLink(account, options)
    })

  remote(accounts, 'suspend <account>', {
    summary: 'Shuts an account out for a time and ends its sessions; lifted by itself',
    example: 'gatehouse accounts suspend sam --for 7d --reason "Lost laptop" --yes',
  })
    .requiredOption('--for <duration>', 'how long: 8h, 7d')
    .requiredOption('--reason <text>', 'why, for the person and the history')
    .option('--yes', 'does not ask')
    .action(async (account: string, options: SuspendOptions) => {
      const { suspendAccount } = await import('../commands/suspension.ts')
      await suspendAccount(account, options)
    })

  remote(accounts, 'unsuspend <account>', {
    summary: 'Lifts a suspension before its time',
    example: 'gatehouse accounts unsuspend sam',
  }).action(async (account: string, options: TargetOptions) => {
    const { unsuspendAccount } = await import('../commands/suspension.ts')
    await unsuspendAccount(account, options)
  })
}
