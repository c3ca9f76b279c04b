import { memberList, role, roleBody, roleList, rolePatch } from '#access/contract'
import { connect, ifMatch } from '../client.ts'
import { wrongUsage } from '../failure.ts'
import { type HolderOptions, holderOf } from '../holder.ts'
import { judged } from '../input.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, print } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

const path = '/api/v1/roles'

export interface NewRoleOptions extends TargetOptions {
  readonly permission: readonly string[]
  readonly title?: string
  readonly description?: string
  readonly rank?: string
}

export interface ChangedRoleOptions extends TargetOptions {
  readonly permission?: readonly string[]
  readonly title?: string
  readonly description?: string
  readonly rank?: string
  readonly yes?: boolean
}

export async function listRoles(options: TargetOptions & { readonly limit: string }): Promise<void> {
  const client = await connect(options)
  const list = await fetchAll(client, path, roleList, {}, options.limit)
  print(
    options,
    list.raw,
    () =>
      table(
        ['NAME', 'TITLE', 'RANK', 'HOLDERS', 'PERMISSIONS'],
        list.items.map((one) => [one.name, one.title, rank(one.rank), String(one.holders), summary(one.permissions)]),
      ) + list.more,
  )
}

export async function showRole(name: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data } = await client.call('GET', roleUrl(name), role)
  const holders = await client.call('GET', `${roleUrl(name)}/holders`, memberList)
  print(options, { role: data, holders: holders.data.items }, () =>
    facts([
      ['Name', data.name],
      ['Title', data.title],
      ['What for', data.description],
      ['Rank', rank(data.rank)],
      ['Permissions', data.permissions.join(' ')],
      [
        'Holders',
        holders.data.items.map((one) => (one.kind === 'group' ? `group ${one.name}` : one.name)).join(', ') || 'nobody',
      ],
      ['Built in', data.builtIn ? 'yes: it cannot be changed' : undefined],
      ['Id', data.id],
      ['Created', time(data.createdAt)],
      ['Changed', time(data.updatedAt)],
    ]),
  )
}

export async function createRole(name: string, options: NewRoleOptions): Promise<void> {
  const { permission: permissions, title = name, description = '' } = options
  const body = judged(roleBody, { name, title, description, permissions, rank: Number(options.rank ?? 0) })
  const client = await connect(options)
  const { data, raw } = await client.call('POST', path, role, { body })
  print(options, raw, () => `Created ${data.name}. It allows: ${data.permissions.join(' ')}`)
}

export async function updateRole(name: string, options: ChangedRoleOptions): Promise<void> {
  const { permission: permissions, title, description, rank: wanted } = options
  const given = { permissions, title, description, rank: wanted === undefined ? undefined : Number(wanted) }
  const patch = judged(rolePatch, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)))
  if (Object.keys(patch).length === 0) throw wrongUsage('Nothing to change was named.')
  const client = await connect(options)
  const before = await client.call('GET', roleUrl(name), role)
  if (patch.permissions !== undefined) {
    const now = before.data.permissions.join(' ')
    await confirm(
      `Let ${visible(name)} allow only ${patch.permissions.join(' ')}, for everybody who holds it? It is ${now} now.`,
      options,
    )
  }
  const { data, raw } = await client.call('PATCH', roleUrl(name), role, { body: patch, headers: ifMatch(before) })
  print(options, raw, () => `Changed ${data.name}. Rank: ${rank(data.rank)}. It allows: ${data.permissions.join(' ')}`)
}

export async function deleteRole(
  name: string,
  options: TargetOptions & { readonly yes?: boolean; readonly force?: boolean },
): Promise<void> {
  const client = await connect(options)
  const before = await client.call('GET', roleUrl(name), role)
  const { items } = (await client.call('GET', `${roleUrl(name)}/holders`, memberList)).data
  const held = items.length === 0 ? 'Nobody holds it.' : `${items.length} hold it and lose what only it allowed.`
  await confirm(`Delete the role ${visible(name)}? ${held} Its name is never used again.`, options)
  const query = options.force === true ? '?force=true' : ''
  await client.send('DELETE', roleUrl(name) + query, { headers: ifMatch(before) })
  print(options, { deleted: name }, () => `Deleted ${visible(name)}.`)
}

export async function grantRole(name: string, account: string | undefined, options: HolderOptions): Promise<void> {
  const client = await connect(options)
  const to = await holderOf(client, account, options)
  await client.send('POST', `${roleUrl(name)}/give`, { body: to.body })
  print(options, { role: name, holder: to.body, held: true }, () => `${to.label} holds ${visible(name)} now.`)
}

export async function revokeRole(name: string, account: string | undefined, options: HolderOptions): Promise<void> {
  const client = await connect(options)
  const from = await holderOf(client, account, options)
  await confirm(
    `Take ${visible(name)} from ${from.label}? What only this role allowed is refused from now on. It can be given again.`,
    options,
  )
  await client.send('POST', `${roleUrl(name)}/take`, { body: from.body })
  print(
    options,
    { role: name, holder: from.body, held: false },
    () => `${from.label} no longer holds ${visible(name)}.`,
  )
}

/** As the console says it. */
function rank(value: number): string {
  if (value === 0) return 'none'
  return value > 1_000 ? 'above all' : String(value)
}

function roleUrl(name: string): string {
  return `${path}/${encodeURIComponent(name)}`
}

function summary(permissions: readonly string[]): string {
  const [first = 'none', second, third, ...rest] = permissions
  const shown = [first, second, third].filter((one) => one !== undefined).join(' ')
  return rest.length === 0 ? shown : `${shown} and ${rest.length} more`
}
