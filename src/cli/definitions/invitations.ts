import type { Command } from 'commander'
import type { InvitationOptions } from '../commands/invitations.ts'
import type { TargetOptions } from '../target.ts'
import { group, remote, several } from './command.ts'

/** `gatehouse invitations …` and `gatehouse joining …` */
export function addInvitations(program: Command): void {
  const invitations = group(program, 'invitations', 'Links with which people make their own account')

  remote(invitations, 'list', { summary: 'Lists the invitations', example: 'gatehouse invitations list' })
    .option('--limit <count>', 'how many at most', '1000')
    .action(async (options: TargetOptions & { limit: string }) => {
      const { listInvitations } = await import('../commands/invitations.ts')
      await listInvitations(options)
    })

  remote(invitations, 'create', {
    summary: 'Invites somebody and prints the link once; another is mailed when there is mail',
    example: 'gatehouse invitations create --email sam@example.org --role member',
  })
    .option('--email <address>', 'where the link is sent')
    .option('--display-name <name>', 'a name to begin with')
    .option('--handle <handle>', 'the handle; chosen by whoever joins when absent')
    .option('--role <name>', 'a role they get, within what you hold (repeatable)', several)
    .option('--group <name>', 'a group they join (repeatable)', several)
    .option('--expires-in <duration>', 'how long the link works: 12h, 7d; 30d at most', '7d')
    .action(async (options: InvitationOptions) => {
      const { createInvitation } = await import('../commands/invitations.ts')
      await createInvitation(options)
    })

  remote(invitations, 'resend <id>', {
    summary: 'Makes a new link for an open invitation and sends it again; the former opens nothing',
    example: 'gatehouse invitations resend inv_0199c0ffee00700080000000000000aa',
  }).action(async (id: string, options: TargetOptions) => {
    const { resendInvitation } = await import('../commands/invitations.ts')
    await resendInvitation(id, options)
  })

  remote(invitations, 'cancel <id>', {
    summary: 'Cancels an open invitation: its links open nothing',
    example: 'gatehouse invitations cancel inv_0199c0ffee00700080000000000000aa',
  }).action(async (id: string, options: TargetOptions) => {
    const { cancelInvitation } = await import('../commands/invitations.ts')
    await cancelInvitation(id, options)
  })

  const joining = group(program, 'joining', 'Who may join')

  remote(joining, 'show', { summary: 'Shows who may join', example: 'gatehouse joining show' }).action(
    async (options: TargetOptions) => {
      const { showJoining } = await import('../commands/invitations.ts')
      await showJoining(options)
    },
  )

  remote(joining, 'set <mode>', {
    summary: 'Decides who may join: off, invitation, or open (needs mail)',
    example: 'gatehouse joining set invitation',
  }).action(async (mode: string, options: TargetOptions) => {
    const { setJoining } = await import('../commands/invitations.ts')
    await setJoining(mode, options)
  })
}
