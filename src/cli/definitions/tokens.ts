import type { Command } from 'commander'
import type { NewTokenOptions } from '../commands/tokens.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote, several } from './command.ts'

/** `gatehouse tokens …` */
export function addTokens(program: Command): void {
  const tokens = group(program, 'tokens', 'API tokens: for programs, each limited to what it needs')

  remote(tokens, 'list', {
    summary: 'Lists the own tokens, or those of an account',
    example: 'gatehouse tokens list --account sam',
  })
    .option('--account <account>', 'handle or id of the account they belong to')
    .action(async (options: TargetOptions & { account?: string }) => {
      const { listTokens } = await import('../commands/tokens.ts')
      await listTokens(options)
    })

  remote(tokens, 'create <label>', {
    summary: 'Creates a token for the own account and prints it once, alone on stdout',
    example: 'gatehouse tokens create backup --permission routes:read --expires-in 90d > token.txt',
  })
    .requiredOption('--permission <permission>', 'what it may do, within what you hold (repeatable)', several)
    .requiredOption('--expires-in <duration>', 'when it ends: 12h, 90d, or never')
    .option('--network <cidr>', 'only from this network or @named network (repeatable)', several)
    .option(
      '--deny <cidr>',
      'never from this network or @named network, even where --network allows it (repeatable)',
      several,
    )
    .option('--region <country>', 'only from this country, as two letters (repeatable)', several)
    .option('--yes', 'does not ask when the limits would shut out where you are now')
    .action(async (label: string, options: NewTokenOptions) => {
      const { createToken } = await import('../commands/tokens.ts')
      await createToken(label, options)
    })

  remote(tokens, 'reset <id>', {
    summary: 'Puts another secret in the place of a token’s; limits and label stay',
    example: 'gatehouse tokens reset crd_0199c0ffee00700080000000000000aa --yes',
  })
    .option('--yes', 'does not ask')
    .action(async (id: string, options: TargetOptions & { yes?: boolean }) => {
      const { resetToken } = await import('../commands/tokens.ts')
      await resetToken(id, options)
    })

  remote(tokens, 'revoke <id>', {
    summary: 'Ends a token: it proves nothing from then on',
    example: 'gatehouse tokens revoke crd_0199c0ffee00700080000000000000aa --yes',
  })
    .option('--yes', 'does not ask')
    .action(async (id: string, options: TargetOptions & { yes?: boolean }) => {
      const { revokeToken } = await import('../commands/tokens.ts')
      await revokeToken(id, options)
    })

  remote(tokens, 'revoke-all', {
    summary: 'Ends all own tokens but the one in use, or all of an account, those of command lines included',
    example: 'gatehouse tokens revoke-all --yes\ngatehouse tokens revoke-all --account sam --yes',
  })
    .option('--account <account>', 'handle or id of the account they belong to')
    .option('--yes', 'does not ask')
    .action(async (options: TargetOptions & { account?: string; yes?: boolean }) => {
      const { revokeAllTokens } = await import('../commands/tokens.ts')
      await revokeAllTokens(options)
    })
}
