import type { Command } from 'commander'
import type { GroupChange } from '../commands/groups.ts'
import type { DeleteOptions } from '../deleting.ts'
import type { HolderOptions } from '../holder.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote } from './command.ts'

/** `gatehouse groups …` */
export function addGroups(program: Command): void {
  const groups = group(program, 'groups', 'People who hold roles together; groups may stand inside groups')

  remote(groups, 'list', { summary: 'Lists the groups', example: 'gatehouse groups list --search oper' })
    .option('--search <text>', 'only those with this text in name or title')
    .option('--limit <count>', 'how many at most', '1000')
    .action(async (options: TargetOptions & { search?: string; limit: string }) => {
      const { listGroups } = await import('../commands/groups.ts')
      await listGroups(options)
    })

  remote(groups, 'show <group>', {
    summary: 'Shows a group and who belongs to it',
    example: 'gatehouse groups show operators',
  }).action(async (name: string, options: TargetOptions) => {
    const { showGroup } = await import('../commands/groups.ts')
    await showGroup(name, options)
  })

  remote(groups, 'create <group>', {
    summary: 'Creates a group without members and roles',
    example: 'gatehouse groups create operators --title Operators',
  })
    .option('--title <title>', 'how pages show it; the name when absent')
    .option('--description <text>', 'what it is for')
    .action(async (name: string, options: GroupChange) => {
      const { createGroup } = await import('../commands/groups.ts')
      await createGroup(name, options)
    })

  remote(groups, 'change <group>', {
    summary: 'Changes what people read of a group',
    example: 'gatehouse groups change operators --title "On call"',
  })
    .option('--title <title>', 'how pages show it')
    .option('--description <text>', 'what it is for')
    .action(async (name: string, options: GroupChange) => {
      const { changeGroup } = await import('../commands/groups.ts')
      await changeGroup(name, options)
    })

  remote(groups, 'add <group> [account]', {
    summary: 'Adds an account or another group; whoever adds must hold all that belonging brings',
    example: 'gatehouse groups add operators sam\ngatehouse groups add operators --group interns',
  })
    .option('--group <group>', 'the group that joins, instead of an account')
    .action(async (name: string, account: string | undefined, options: HolderOptions) => {
      const { addToGroup } = await import('../commands/groups.ts')
      await addToGroup(name, account, options)
    })

  remote(groups, 'remove <group> [account]', {
    summary: 'Removes a member; works from the next request on',
    example: 'gatehouse groups remove operators sam --yes',
  })
    .option('--group <group>', 'the group that leaves, instead of an account')
    .option('--yes', 'does not ask')
    .action(async (name: string, account: string | undefined, options: HolderOptions) => {
      const { removeFromGroup } = await import('../commands/groups.ts')
      await removeFromGroup(name, account, options)
    })

  remote(groups, 'delete <group>', {
    summary: 'Deletes a group; its members lose what it brought, its name stays taken',
    example: 'gatehouse groups delete interns --yes',
  })
    .option('--force', 'also when policies in force name it')
    .option('--yes', 'does not ask')
    .action(async (name: string, options: DeleteOptions) => {
      const { deleteGroup } = await import('../commands/groups.ts')
      await deleteGroup(name, options)
    })
}
