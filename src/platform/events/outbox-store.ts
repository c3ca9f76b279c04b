import type { Selectable } from 'kysely'
import type { JournalValue } from '../audit/audit.ts'
import type { Db } from '../db/database.ts'
import { tables } from '../db/handle.ts'

export interface NewEvent {
  readonly id: string
  readonly event: string
  readonly payload: Readonly<Record<string, JournalValue>>
  readonly at: number
}

interface OutboxRow {
  readonly id: string
  readonly event: string
  readonly payload: string
  readonly at: number
  readonly state: 'waiting' | 'dead'
  readonly attempts: number
  readonly due_at: number
  readonly last_error: string | null
  /** 1: a journalled change, for those who are told of all of them. 0: an event of `ctx.emit`. */
  readonly announced: number
}

export interface OutboxTables {
  platform_outbox: OutboxRow
  platform_event_readers: { readonly reader: string }
}

interface StoredTables extends Omit<OutboxTables, 'platform_outbox'> {
  platform_outbox: OutboxRow & { readonly ordinal: number }
}

export type StoredEvent = Selectable<StoredTables['platform_outbox']>

/** Puts an event in this transaction's outbox. */
export async function insertEvent(db: Db, { id, event, payload, at }: NewEvent, announced = false): Promise<void> {
  const row: OutboxRow = {
    id,
    event,
    payload: JSON.stringify(payload),
    at,
    state: 'waiting',
    attempts: 0,
    due_at: 0,
    last_error: null,
    announced: announced ? 1 : 0,
  }
  await tables<OutboxTables>(db).insertInto('platform_outbox').values(row).execute()
}

/** Whether anybody is told of journalled changes. */
export async function hasEventReaders(db: Db): Promise<boolean> {
  // asked with every journalled change: building the statement takes longer than answering it
  const { rows } = await tables<OutboxTables>(db).raw('select reader from platform_event_readers limit 1', [])
  return rows.length > 0
}

/** From this transaction on journalled changes are announced because of this reader, or no longer. */
export async function setEventReader(db: Db, reader: string, present: boolean): Promise<void> {
  const query = tables<OutboxTables>(db)
  if (!present) await query.deleteFrom('platform_event_readers').where('reader', '=', reader).execute()
  else {
    await query
      .insertInto('platform_event_readers')
      .values({ reader })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}

/** The oldest announcement that is due: one that is repeated later does not hold up the others. */
export async function findDueAnnouncement(db: Db, now: number): Promise<StoredEvent | undefined> {
  return tables<StoredTables>(db)
    .selectFrom('platform_outbox')
    .selectAll()
    .where('announced', '=', 1)
    .where('state', '=', 'waiting')
    .where('due_at', '<=', now)
    .orderBy('ordinal')
    .limit(1)
    .executeTakeFirst()
}

/** Names of emitted events that have something waiting. */
export async function findWaitingEvents(db: Db): Promise<readonly string[]> {
  const rows = await tables<OutboxTables>(db)
    .selectFrom('platform_outbox')
    .select('event')
    .distinct()
    .where('announced', '=', 0)
    .where('state', '=', 'waiting')
    .execute()
  return rows.map(({ event }) => event)
}

/** The oldest waiting one of a name, whether due or not: a later one never overtakes it. */
export async function findNextEvent(db: Db, event: string): Promise<StoredEvent | undefined> {
  return tables<StoredTables>(db)
    .selectFrom('platform_outbox')
    .selectAll()
    .where('announced', '=', 0)
    .where('state', '=', 'waiting')
    .where('event', '=', event)
    .orderBy('ordinal')
    .limit(1)
    .executeTakeFirst()
}

/** Given-up events, oldest first, a page at a time. */
export async function pageOfDeadEvents(db: Db, after: number, limit: number): Promise<readonly StoredEvent[]> {
  return tables<StoredTables>(db)
    .selectFrom('platform_outbox')
    .selectAll()
    .where('state', '=', 'dead')
    .where('ordinal', '>', after)
    .orderBy('ordinal')
    .limit(limit)
    .execute()
}

export async function findDeadEvent(db: Db, id: string): Promise<StoredEvent | undefined> {
  return tables<StoredTables>(db)
    .selectFrom('platform_outbox')
    .selectAll()
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .executeTakeFirst()
}

export async function countDeadEvents(db: Db): Promise<number> {
  const row = await tables<StoredTables>(db)
    .selectFrom('platform_outbox')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', 'dead')
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Has a given-up event delivered from the beginning, twelve attempts and all. */
export async function retryDeadEvent(db: Db, id: string): Promise<void> {
  await tables<OutboxTables>(db)
    .updateTable('platform_outbox')
    .set({ state: 'waiting', attempts: 0, due_at: 0, last_error: null })
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .execute()
}

export async function deleteEvent(db: Db, id: string): Promise<void> {
  await tables<OutboxTables>(db).deleteFrom('platform_outbox').where('id', '=', id).execute()
}

/** Notes a failed delivery. */
export async function postponeEvent(
  db: Db,
  id: string,
  failure: Pick<OutboxRow, 'state' | 'attempts' | 'due_at' | 'last_error'>,
): Promise<void> {
  await tables<OutboxTables>(db).updateTable('platform_outbox').set(failure).where('id', '=', id).execute()
}
