import { accessRequest, accessRequestList } from '#access/contract'
import { connect } from '../client.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { print } from '../terminal.ts'
import { table, time, visible } from '../text.ts'
import { durationOf } from './grants.ts'

const path = '/api/v1/access-requests'

export interface RequestListOptions extends TargetOptions {
  readonly mine?: boolean
  readonly limit: string
}

export interface AskOptions extends TargetOptions {
  readonly reason: string
  readonly for: string
}

export async function listRequests(options: RequestListOptions): Promise<void> {
  const client = await connect(options)
  const query = { mine: options.mine === true ? 'true' : undefined }
  const list = await fetchAll(client, path, accessRequestList, query, options.limit)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'No requests.'
      : table(
          ['STATE', 'WHO', 'PERMISSION', 'FOR', 'REASON', 'ASKED', 'ID'],
          list.items.map((one) => [
            one.state,
            one.requester.name,
            one.permission,
            lasting(one.durationSeconds),
            one.reason,
            time(one.createdAt),
            one.id,
          ]),
        ) + list.more,
  )
}

export async function ask(permission: string, options: AskOptions): Promise<void> {
  const durationSeconds = Math.round(durationOf(options.for) / 1000)
  const client = await connect(options)
  const body = { permission, reason: options.reason, durationSeconds }
  const { data, raw } = await client.call('POST', path, accessRequest, { body })
  print(
    options,
    raw,
    () => `Asked for ${visible(data.permission)}. Whoever could grant it sees it.\nRequest ${data.id}`,
  )
}

export async function grantRequest(id: string, options: TargetOptions & { readonly for?: string }): Promise<void> {
  const body = options.for === undefined ? {} : { durationSeconds: Math.round(durationOf(options.for) / 1000) }
  const client = await connect(options)
  const { data, raw } = await client.call('POST', `${requestUrl(id)}/grant`, accessRequest, { body })
  print(
    options,
    raw,
    () => `${visible(data.requester.name)} holds ${visible(data.permission)} for a time.\nGrant ${data.grant ?? ''}`,
  )
}

export async function declineRequest(id: string, options: TargetOptions & { readonly words: string }): Promise<void> {
  const client = await connect(options)
  const call = { body: { words: options.words } }
  const { data, raw } = await client.call('POST', `${requestUrl(id)}/decline`, accessRequest, call)
  print(options, raw, () => `Declined; ${visible(data.requester.name)} reads what you said.`)
}

export async function withdrawRequest(id: string, options: TargetOptions): Promise<void> {
  const client = await connect(options)
  const { raw } = await client.call('POST', `${requestUrl(id)}/withdraw`, accessRequest)
  print(options, raw, () => 'Withdrawn.')
}

function requestUrl(id: string): string {
  return `${path}/${encodeURIComponent(id)}`
}

function lasting(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400}d`
  if (seconds % 3_600 === 0) return `${seconds / 3_600}h`
  return `${Math.round(seconds / 60)}m`
}
