import type { Command } from 'commander'
import type { ChangedRoleOptions, NewRoleOptions } from '../commands/roles.ts'
import type { HolderOptions } from '../holder.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote, several } from './command.ts'

/** `gatehouse roles …` */
export function addRoles(program: Command): void {
  const roles = group(program, 'roles', 'Named sets of permissions, and who holds them')

  remote(roles, 'list', { summary: 'Lists the roles', example: 'gatehouse roles list' })
    .option('--limit <count>', 'how many at most', '1000')
    .action(async (options: TargetOptions & { limit: string }) => {
      const { listRoles } = await import('../commands/roles.ts')
      await listRoles(options)
    })

  remote(roles, 'show <role>', {
    summary: 'Shows a role and who holds it',
    example: 'gatehouse roles show administrator',
  }).action(async (role: string, options: TargetOptions) => {
    const { showRole } = await import('../commands/roles.ts')
    await showRole(role, options)
  })

  remote(roles, 'create <role>', {
    summary: 'Creates a role from permissions that you hold',
    example: 'gatehouse roles create readers --permission routes:use:wiki --permission routes:read',
  })
    .requiredOption('--permission <permission>', 'what it allows: type:action or type:action:id (repeatable)', several)
    .option('--title <title>', 'how pages show it; the name when absent')
    .option('--description <text>', 'what it is for')
    .option('--rank <rank>', '1 to 1000: its holders act on nobody of an equal or higher rank', '0')
    .action(async (role: string, options: NewRoleOptions) => {
      const { createRole } = await import('../commands/roles.ts')
      await createRole(role, options)
    })

  remote(roles, 'update <role>', {
    summary: 'Changes what is named of a role, for everybody who holds it',
    example: 'gatehouse roles update readers --rank 100\ngatehouse roles update readers --permission audit:read --yes',
  })
    .option('--permission <permission>', 'what it allows from now on, in place of all there was (repeatable)', several)
    .option('--title <title>', 'how pages show it')
    .option('--description <text>', 'what it is for')
    .option('--rank <rank>', '1 to 1000: its holders act on nobody of an equal or higher rank; 0: none')
    .option('--yes', 'does not ask before permissions are replaced')
    .action(async (role: string, options: ChangedRoleOptions) => {
      const { updateRole } = await import('../commands/roles.ts')
      await updateRole(role, options)
    })

  remote(roles, 'delete <role>', {
    summary: 'Deletes a role and takes it from everybody; its name stays taken',
    example: 'gatehouse roles delete readers --yes',
  })
    .option('--force', 'also where policies name it')
    .option('--yes', 'does not ask')
    .action(async (role: string, options: TargetOptions & { yes?: boolean; force?: boolean }) => {
      const { deleteRole } = await import('../commands/roles.ts')
      await deleteRole(role, options)
    })

  remote(roles, 'grant <role> [account]', {
    summary: 'Gives a role to an account or a group',
    example: 'gatehouse roles grant readers sam\ngatehouse roles grant readers --group operators',
  })
    .option('--group <group>', 'the group that receives it, instead of an account')
    .action(async (role: string, account: string | undefined, options: HolderOptions) => {
      const { grantRole } = await import('../commands/roles.ts')
      await grantRole(role, account, options)
    })

  remote(roles, 'revoke <role> [account]', {
    summary: 'Takes a role back; works from the next request on',
    example: 'gatehouse roles revoke readers sam --yes',
  })
    .option('--group <group>', 'the group that loses it, instead of an account')
    .option('--yes', 'does not ask')
    .action(async (role: string, account: string | undefined, options: HolderOptions) => {
      const { revokeRole } = await import('../commands/roles.ts')
      await revokeRole(role, account, options)
    })
}
