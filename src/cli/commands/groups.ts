import { group, groupBody, groupList, groupPatch, memberList } from '#access/contract'
import { connect } from '../client.ts'
import { type DeleteOptions, deleting } from '../deleting.ts'
import { wrongUsage } from '../failure.ts'
import { type HolderOptions, holderOf } from '../holder.ts'
import { judged } from '../input.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, print } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

const path = '/api/v1/groups'

export interface GroupChange extends TargetOptions {
  readonly title?: string
  readonly description?: string
}

export async function listGroups(
  options: TargetOptions & { readonly search?: string; readonly limit: string },
): Promise<void> {
  const client = await connect(options)
  const list = await fetchAll(client, path, groupList, { q: options.search }, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No groups.'
      : table(
          ['NAME', 'TITLE', 'MEMBERS', 'ROLES'],
          list.items.map((one) => [one.name, one.title, String(one.members), one.roles.join(' ') || 'none']),
        ) + list.more,
  )
}

export async function showGroup(name: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data } = await client.call('GET', groupUrl(name), group)
  const { data: members } = await client.call('GET', `${groupUrl(name)}/members`, memberList)
  const named = members.items.map((one) => (one.kind === 'group' ? `group ${one.id}` : one.name))
  print(options, { group: data, members: members.items }, () =>
    facts([
      ['Name', data.name],
      ['Title', data.title],
      ['What for', data.description],
      ['Members', named.join(', ') || 'nobody'],
      ['Id', data.id],
      ['Created', time(data.createdAt)],
      ['Changed', time(data.updatedAt)],
    ]),
  )
}

export async function createGroup(name: string, options: GroupChange): Promise<void> {
  const { title = name, description = '' } = options
  const body = judged(groupBody, { name, title, description })
  const client = await connect(options)
  const { data, raw } = await client.call('POST', path, group, { body })
  print(options, raw, () => `Created ${data.name}. Add people with "gatehouse groups add ${data.name} <account>".`)
}

export async function changeGroup(name: string, options: GroupChange): Promise<void> {
  const { title, description } = options
  if (title === undefined && description === undefined) throw wrongUsage('Say what changes: --title or --description.')
  const body = judged(groupPatch, { title, description })
  const client = await connect(options)
  const { data, raw } = await client.call('PATCH', groupUrl(name), group, { body })
  print(options, raw, () => `Changed ${data.name}.`)
}

export async function addToGroup(name: string, account: string | undefined, options: HolderOptions): Promise<void> {
  const client = await connect(options)
  const who = await holderOf(client, account, options)
  await client.send('POST', `${groupUrl(name)}/add-member`, { body: who.body })
  print(
    options,
    { group: name, member: who.body, belongs: true },
    () => `${who.label} belongs to ${visible(name)} now.`,
  )
}

export async function removeFromGroup(
  name: string,
  account: string | undefined,
  options: HolderOptions,
): Promise<void> {
  const client = await connect(options)
  const who = await holderOf(client, account, options)
  await confirm(
    `Remove ${who.label} from ${visible(name)}? What only this group brought is refused from now on. They can be added again.`,
    options,
  )
  await client.send('POST', `${groupUrl(name)}/remove-member`, { body: who.body })
  print(
    options,
    { group: name, member: who.body, belongs: false },
    () => `${who.label} no longer belongs to ${visible(name)}.`,
  )
}

export async function deleteGroup(name: string, options: DeleteOptions): Promise<void> {
  const client = await connect(options)
  const { data } = await client.call('GET', groupUrl(name), group)
  const { data: members } = await client.call('GET', `${groupUrl(name)}/members`, memberList)
  const count = members.items.length
  await confirm(
    `Delete ${visible(data.name)}? ${count === 1 ? 'Its one member loses' : `Its ${count} members lose`} what it brought. This cannot be undone, and its name stays taken.`,
    options,
  )
  await client.send('DELETE', deleting(groupUrl(name), options))
  print(options, { group: data.name, deleted: true }, () => `Deleted ${visible(data.name)}.`)
}

function groupUrl(name: string): string {
  return `${path}/${encodeURIComponent(name)}`
}
