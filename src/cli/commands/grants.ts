import type { z } from 'zod'
import { grant, grantList } from '#access/contract'
import { parseDuration } from '#kit'
import { findAccount } from '../account-lookup.ts'
import { connect } from '../client.ts'
import { wrongUsage } from '../failure.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { confirm, print } from '../terminal.ts'
import { facts, table, time, visible } from '../text.ts'

const path = '/api/v1/grants'

export interface GrantListOptions extends TargetOptions {
  readonly from?: string
  readonly to?: string
  readonly limit: string
}

export interface NewGrantOptions extends TargetOptions {
  readonly permission: readonly string[]
  readonly for?: string
  readonly note?: string
}

export async function listGrants(options: GrantListOptions): Promise<void> {
  const client = await connect(options)
  const idOf = async (handle: string | undefined) =>
    handle === undefined ? undefined : (await findAccount(client, handle)).id
  const query = { grantor: await idOf(options.from), grantee: await idOf(options.to) }
  const list = await fetchAll(client, path, grantList, query, options.limit)
  if (list.items.length === 0) {
    print(options, list.raw, () => 'No grants.')
    return
  }
  print(
    options,
    list.raw,
    () =>
      table(
        ['STATE', 'PERMISSIONS', 'FROM', 'TO', 'ENDS', 'ID'],
        list.items.map((one) => [
          stateOf(one),
          one.permissions.join(' '),
          one.grantor,
          one.grantee,
          time(one.endsAt) || 'when revoked',
          one.id,
        ]),
      ) + list.more,
  )
}

export async function showGrant(id: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { data, raw } = await client.call('GET', grantUrl(id), grant)
  print(options, raw, () =>
    facts([
      ['State', stateOf(data)],
      ['Permissions', data.permissions.join(' ')],
      ['From', data.grantor],
      ['To', data.grantee],
      ['Note', data.note],
      ['Begins', time(data.startsAt)],
      ['Ends', time(data.endsAt) || 'when revoked'],
      ['Revoked', time(data.revokedAt)],
      ['Id', data.id],
    ]),
  )
}

export async function createGrant(account: string, options: NewGrantOptions): Promise<void> {
  const lasting = options.for === undefined ? undefined : durationOf(options.for)
  const client = await connect(options)
  const { id, handle } = await findAccount(client, account)
  const endsAt = lasting === undefined ? undefined : new Date(Date.now() + lasting).toISOString()
  const { permission: permissions, note = '' } = options
  const body = { grantee: id, permissions, note, ...(endsAt === undefined ? {} : { endsAt }) }
  const { data, raw } = await client.call('POST', path, grant, { body })
  print(
    options,
    raw,
    () =>
      `${visible(handle)} may do this ${data.endsAt === null ? 'until it is revoked' : `until ${time(data.endsAt)}`}: ${data.permissions.map(visible).join(' ')}\nGrant ${data.id}`,
  )
}

export async function revokeGrant(id: string, options: TargetOptions & { readonly yes?: boolean }): Promise<void> {
  const client = await connect(options)
  await confirm(`Revoke ${visible(id)}? What only it gives is refused from now on. This cannot be undone.`, options)
  const { raw } = await client.call('POST', `${grantUrl(id)}/revoke`, grant)
  print(options, raw, () => `Revoked ${visible(id)}.`)
}

/** `1h` in milliseconds. @throws Failure wrong usage */
export function durationOf(text: string): number {
  const found = parseDuration(text)
  if (found === undefined || found <= 0) throw wrongUsage(`--for takes a duration such as 15m, 1h or 7d, not ${text}.`)
  return found
}

function stateOf({ revokedAt, endsAt, startsAt }: z.infer<typeof grant>): string {
  if (revokedAt !== null) return 'revoked'
  const now = Date.now()
  if (endsAt !== null && Date.parse(endsAt) <= now) return 'ended'
  return Date.parse(startsAt) > now ? 'not begun' : 'live'
}

function grantUrl(id: string): string {
  return `${path}/${encodeURIComponent(id)}`
}
