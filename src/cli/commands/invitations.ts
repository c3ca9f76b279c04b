import { invitationBody, invitationList, joiningBody, madeInvitation, newInvitationBody } from '#identity/contract'
import { parseDuration } from '#kit'
import { type Client, connect } from '../client.ts'
import { wrongUsage } from '../failure.ts'
import { judged } from '../input.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { print } from '../terminal.ts'
import { table, time, visible } from '../text.ts'

const path = '/api/v1/invitations'
const hour = 60 * 60_000

export interface InvitationOptions extends TargetOptions {
  readonly email?: string
  readonly displayName?: string
  readonly handle?: string
  readonly role?: readonly string[]
  readonly group?: readonly string[]
  readonly expiresIn: string
}

export async function listInvitations(options: TargetOptions & { readonly limit: string }): Promise<void> {
  const list = await fetchAll(await connect(options), path, invitationList, {}, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No invitations. Invite somebody:\n  gatehouse invitations create --email sam@example.org'
      : table(
          ['FOR', 'HANDLE', 'STATE', 'GIVES', 'MADE BY', 'UNTIL', 'ID'],
          list.items.map((one) => [
            one.displayName ?? one.email ?? 'whoever has the link',
            one.handle ?? '',
            one.state,
            [...one.roles, ...one.groups].join(', '),
            one.invitedBy.name,
            time(one.expiresAt),
            one.id,
          ]),
        ) + list.more,
  )
}

export async function createInvitation(options: InvitationOptions): Promise<void> {
  const lasts = parseDuration(options.expiresIn)
  if (lasts === undefined) throw wrongUsage(`--expires-in: expected a duration such as 12h or 7d`)
  const body = judged(newInvitationBody, {
    ...(options.handle === undefined ? {} : { handle: options.handle }),
    ...(options.displayName === undefined ? {} : { displayName: options.displayName }),
    ...(options.email === undefined ? {} : { email: options.email }),
    roles: options.role ?? [],
    groups: options.group ?? [],
    expiresInHours: Math.round(lasts / hour),
  })
  const client = await connect(options)
  const { data, raw } = await client.call('POST', path, madeInvitation, { body })
  print(options, raw, () => told(data))
}

export async function resendInvitation(id: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('POST', `${path}/${encodeURIComponent(id)}/resend`, madeInvitation)
  print(options, raw, () => told(data))
}

export async function cancelInvitation(id: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('POST', `${path}/${encodeURIComponent(id)}/cancel`, invitationBody)
  print(options, raw, () => `Cancelled ${data.id}; its links open nothing.`)
}

function told({
  invitation,
  link,
  mailed,
}: {
  readonly invitation: { readonly id: string; readonly email: string | null; readonly expiresAt: string }
  readonly link: string
  readonly mailed: boolean
}): string {
  const sent = mailed ? `A link is on its way to ${visible(invitation.email ?? '')}.\n` : ''
  return `${sent}Link, shown this once, until ${time(invitation.expiresAt)}: ${visible(link)}`
}

const joiningPath = '/api/v1/joining'

const modeWords = {
  off: 'Nobody joins: accounts are made for people.',
  invitation: 'Who is invited joins.',
  open: 'Everybody who reads mail to an address of theirs joins.',
} as const

export async function showJoining(options: TargetOptions): Promise<void> {
  const client: Client = await connect(options)
  const { data, raw } = await client.call('GET', joiningPath, joiningBody)
  print(options, raw, () => modeWords[data.mode])
}

export async function setJoining(mode: string, options: TargetOptions): Promise<void> {
  const body = judged(joiningBody, { mode })
  const client = await connect(options)
  const { data, raw } = await client.call('PUT', joiningPath, joiningBody, { body })
  print(options, raw, () => modeWords[data.mode])
}
