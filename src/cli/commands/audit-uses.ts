import { accountList } from '#identity/contract'
import { useList } from '#platform/contract'
import { principalIdOf } from '../account-lookup.ts'
import { type Client, connect } from '../client.ts'
import { Failure } from '../failure.ts'
import { fetchAll } from '../pages.ts'
import type { TargetOptions } from '../target.ts'
import { print } from '../terminal.ts'
import { table, time } from '../text.ts'

export interface AuditUsesOptions extends TargetOptions {
  readonly actor?: string
  readonly route?: string
  readonly limit: string
}

/** The access journal: who was let through to which app. */
export async function listAppUses(options: AuditUsesOptions): Promise<void> {
  const client = await connect(options)
  const query = {
    principal: await principalIdOf(client, options.actor),
    ...(options.route === undefined ? {} : { resourceType: 'Gateway::Route', resourceId: options.route }),
  }
  const list = await fetchAll(client, '/api/v1/access-records', useList, query, options.limit)
  const handles = options.json === true || list.items.length === 0 ? new Map<string, string>() : await handlesOf(client)
  print(options, list.raw, () =>
    list.items.length === 0
      ? 'Nobody used anything of this kind.'
      : table(
          ['WHEN', 'WHO', 'WHAT', 'TIMES', 'FROM'],
          list.items.map(({ minute, principal, permission, resource, count, address }) => [
            time(minute),
            handles.get(principal.id) ?? principal.id,
            resource.name ?? permission,
            String(count),
            address ?? '',
          ]),
        ) + list.more,
  )
}

/** Handles by id; who may not read accounts sees ids. */
async function handlesOf(client: Client): Promise<ReadonlyMap<string, string>> {
  try {
    const { items } = await fetchAll(client, '/api/v1/accounts', accountList, {}, '5000')
    return new Map(items.map(({ id, handle }) => [id, handle]))
  } catch (error) {
    if (error instanceof Failure && error.details.step !== undefined) return new Map()
    throw error
  }
}
