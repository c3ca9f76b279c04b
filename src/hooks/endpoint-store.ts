import { type Db, tables } from '#platform'
import type { PausedReason } from './contract.ts'
import type { Endpoint, Owner } from './endpoint.ts'

interface Tables {
  readonly hooks_endpoints: {
    readonly id: string
    readonly name: string
    readonly url: string
    readonly patterns: string
    readonly state: 'on' | 'paused'
    readonly paused_reason: PausedReason | null
    readonly failing_since: number | null
    readonly owner: string
    readonly secret: Uint8Array
    readonly former_secret: Uint8Array | null
    readonly former_until: number | null
    readonly delivered_at: number | null
    readonly created_at: number
    readonly updated_at: number
    readonly revision: number
    readonly removed_at: number | null
  }
}

type Row = Tables['hooks_endpoints']

const standing = (db: Db) =>
  tables<Tables>(db).selectFrom('hooks_endpoints').selectAll().where('removed_at', 'is', null)

/** All of them: there are at most a hundred. */
export async function allEndpoints(db: Db): Promise<readonly Endpoint[]> {
  return (await standing(db).orderBy('name').execute()).map(endpointOf)
}

export async function pageOfEndpoints(db: Db, after: string | undefined, limit: number): Promise<readonly Endpoint[]> {
  let query = standing(db).orderBy('name').limit(limit)
  if (after !== undefined) query = query.where('name', '>', after)
  return (await query.execute()).map(endpointOf)
}

export async function findEndpoint(db: Db, name: string): Promise<Endpoint | undefined> {
  const row = await standing(db).where('name', '=', name).executeTakeFirst()
  return row === undefined ? undefined : endpointOf(row)
}

export async function findEndpointById(db: Db, id: string): Promise<Endpoint | undefined> {
  const row = await standing(db).where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : endpointOf(row)
}

/** Whether an endpoint is or was called so. */
export async function isNameUsed(db: Db, name: string): Promise<boolean> {
  const query = tables<Tables>(db).selectFrom('hooks_endpoints').select('id').where('name', '=', name)
  return (await query.executeTakeFirst()) !== undefined
}

export async function countEndpoints(db: Db): Promise<number> {
  const row = await tables<Tables>(db)
    .selectFrom('hooks_endpoints')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('removed_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

export async function insertEndpoint(db: Db, endpoint: Endpoint): Promise<void> {
  const { id, name, createdAt } = endpoint
  await tables<Tables>(db)
    .insertInto('hooks_endpoints')
    .values({ id, name, created_at: createdAt, removed_at: null, ...changing(endpoint) })
    .execute()
}

/** Writes the endpoint over the revision before it. False when somebody else was faster. */
export async function replaceEndpoint(db: Db, endpoint: Endpoint): Promise<boolean> {
  const { numUpdatedRows } = await tables<Tables>(db)
    .updateTable('hooks_endpoints')
    .set(changing(endpoint))
    .where('id', '=', endpoint.id)
    .where('revision', '=', endpoint.revision - 1)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Leaves the name as a tombstone, and neither address nor secret. */
export async function removeEndpoint(db: Db, id: string, now: number): Promise<void> {
  await tables<Tables>(db)
    .updateTable('hooks_endpoints')
    .set({
      removed_at: now,
      updated_at: now,
      url: '',
      owner: '{}',
      secret: new Uint8Array(),
      former_secret: null,
      former_until: null,
    })
    .where('id', '=', id)
    .execute()
}

/** Notes what an attempt came to. No new revision: nobody's change is in the way of it. */
export async function noteAttempt(db: Db, id: string, succeeded: boolean, now: number): Promise<void> {
  const query = tables<Tables>(db).updateTable('hooks_endpoints').where('id', '=', id)
  await (succeeded
    ? query.set({ delivered_at: now, failing_since: null })
    : query.set((is) => ({ failing_since: is.fn.coalesce('failing_since', is.val(now)) }))
  ).execute()
}

/** Pauses one that is on. False when it is not. */
export async function pauseEndpoint(db: Db, id: string, reason: PausedReason, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tables<Tables>(db)
    .updateTable('hooks_endpoints')
    .set(({ eb }) => ({ state: 'paused', paused_reason: reason, updated_at: now, revision: eb('revision', '+', 1) }))
    .where('id', '=', id)
    .where('state', '=', 'on')
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

function changing(endpoint: Endpoint) {
  const { url, patterns, pausedReason, failingSince, owner, secret, former, deliveredAt, updatedAt, revision } =
    endpoint
  return {
    url,
    patterns: JSON.stringify(patterns),
    state: pausedReason === undefined ? ('on' as const) : ('paused' as const),
    paused_reason: pausedReason ?? null,
    failing_since: failingSince ?? null,
    owner: JSON.stringify(owner),
    secret,
    former_secret: former?.secret ?? null,
    former_until: former?.until ?? null,
    delivered_at: deliveredAt ?? null,
    updated_at: updatedAt,
    revision,
  }
}

function endpointOf(row: Row): Endpoint {
  const { former_secret: former, former_until: until } = row
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    patterns: JSON.parse(row.patterns) as readonly string[],
    pausedReason: row.paused_reason ?? undefined,
    failingSince: row.failing_since ?? undefined,
    owner: JSON.parse(row.owner) as Owner,
    secret: row.secret,
    former: former === null || until === null ? undefined : { secret: former, until },
    deliveredAt: row.delivered_at ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    revision: row.revision,
  }
}
