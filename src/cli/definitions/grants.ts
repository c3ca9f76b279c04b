import type { Command } from 'commander'
import type { GrantListOptions, NewGrantOptions } from '../commands/grants.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote, several } from './command.ts'

/** `gatehouse grants …` */
export function addGrants(program: Command): void {
  const grants = group(program, 'grants', 'Permissions that one passes to another, for a time')

  remote(grants, 'list', {
    summary: 'Lists grants, newest first',
    example: 'gatehouse grants list\ngatehouse grants list --to sam',
  })
    .option('--from <account>', 'only what this account gave')
    .option('--to <account>', 'only what this account received')
    .option('--limit <count>', 'how many at most', '100')
    .action(async (options: GrantListOptions) => {
      const { listGrants } = await import('../commands/grants.ts')
      await listGrants(options)
    })

  remote(grants, 'show <grant>', {
    summary: 'Shows a grant',
    example: 'gatehouse grants show gra_0199…',
  }).action(async (id: string, options: TargetOptions) => {
    const { showGrant } = await import('../commands/grants.ts')
    await showGrant(id, options)
  })

  remote(grants, 'create <account>', {
    summary: 'Passes permissions that you hold to an account, for as long as you hold them',
    example: 'gatehouse grants create sam --permission routes:use:wiki --for 1h --note "While Ada is away"',
  })
    .requiredOption('--permission <permission>', 'what it gives: type:action or type:action:id (repeatable)', several)
    .option('--for <duration>', 'how long: 15m, 1h, 7d; until revoked when absent')
    .option('--note <text>', 'what it is for')
    .action(async (account: string, options: NewGrantOptions) => {
      const { createGrant } = await import('../commands/grants.ts')
      await createGrant(account, options)
    })

  remote(grants, 'revoke <grant>', {
    summary: 'Ends a grant; works from the next request on',
    example: 'gatehouse grants revoke gra_0199… --yes',
  })
    .option('--yes', 'does not ask')
    .action(async (id: string, options: TargetOptions & { yes?: boolean }) => {
      const { revokeGrant } = await import('../commands/grants.ts')
      await revokeGrant(id, options)
    })
}
