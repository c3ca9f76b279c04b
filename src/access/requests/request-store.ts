import { type Db, tables } from '#platform'
import type { RequestRow, Tables } from '../tables.ts'

export async function insertRequest(db: Db, row: RequestRow): Promise<void> {
  await tables<Tables>(db).insertInto('access_requests').values(row).execute()
}

export async function findRequest(db: Db, id: string): Promise<RequestRow | undefined> {
  return tables<Tables>(db).selectFrom('access_requests').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Open ones that have not expired, newest first. */
export async function listOpenRequests(
  db: Db,
  now: number,
  before: string | undefined,
  limit: number,
): Promise<readonly RequestRow[]> {
  let query = tables<Tables>(db)
    .selectFrom('access_requests')
    .selectAll()
    .where('state', '=', 'open')
    .where('expires_at', '>', now)
  if (before !== undefined) query = query.where('id', '<', before)
  return query.orderBy('id', 'desc').limit(limit).execute()
}

/** Somebody's own, newest first. */
export async function listRequestsOf(
  db: Db,
  requesterId: string,
  before: string | undefined,
  limit: number,
): Promise<readonly RequestRow[]> {
  let query = tables<Tables>(db).selectFrom('access_requests').selectAll().where('requester_id', '=', requesterId)
  if (before !== undefined) query = query.where('id', '<', before)
  return query.orderBy('id', 'desc').limit(limit).execute()
}

/** How many somebody has open, and how many they made since an instant. */
export async function countRequestsOf(
  db: Db,
  requesterId: string,
  now: number,
  since: number,
): Promise<{ readonly open: number; readonly recent: number }> {
  const count = () =>
    tables<Tables>(db)
      .selectFrom('access_requests')
      .select(({ fn }) => fn.countAll<number>().as('rows'))
      .where('requester_id', '=', requesterId)
  const open = await count().where('state', '=', 'open').where('expires_at', '>', now).executeTakeFirstOrThrow()
  const recent = await count().where('created_at', '>', since).executeTakeFirstOrThrow()
  return { open: Number(open.rows), recent: Number(recent.rows) }
}

export interface Answer {
  readonly state: 'granted' | 'declined' | 'withdrawn'
  readonly answered_at: number
  readonly answered_by: string
  readonly answer: string
  readonly grant_id: string | null
}

/** Answers an open request; `false`: it was answered meanwhile. */
export async function answerRequest(db: Db, id: string, answer: Answer): Promise<boolean> {
  const done = await tables<Tables>(db)
    .updateTable('access_requests')
    .set(answer)
    .where('id', '=', id)
    .where('state', '=', 'open')
    .executeTakeFirst()
  return Number(done.numUpdatedRows) === 1
}

/** Removes somebody's expired request for a permission, which would stand in the way of a new one. */
export async function deleteExpiredRequest(
  db: Db,
  requesterId: string,
  permission: string,
  now: number,
): Promise<void> {
  await tables<Tables>(db)
    .deleteFrom('access_requests')
    .where('requester_id', '=', requesterId)
    .where('permission', '=', permission)
    .where('state', '=', 'open')
    .where('expires_at', '<=', now)
    .execute()
}

/** Removes requests nobody answered in time, and answered ones from before an instant; says how many of each. */
export async function deleteOldRequests(
  db: Db,
  now: number,
  answeredBefore: number,
): Promise<{ readonly expired: number; readonly answered: number }> {
  const expired = await tables<Tables>(db)
    .deleteFrom('access_requests')
    .where('state', '=', 'open')
    .where('expires_at', '<=', now)
    .executeTakeFirst()
  const answered = await tables<Tables>(db)
    .deleteFrom('access_requests')
    .where('state', '<>', 'open')
    .where('answered_at', '<=', answeredBefore)
    .executeTakeFirst()
  return { expired: Number(expired.numDeletedRows), answered: Number(answered.numDeletedRows) }
}
