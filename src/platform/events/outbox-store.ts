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
}

export interface OutboxTables {
  platform_outbox: OutboxRow
}

interface StoredTables {
  platform_outbox: OutboxRow & { readonly ordinal: number }
}

export type StoredEvent = Selectable<StoredTables['platform_outbox']>

/** Puts an event in this transaction's outbox. */
export async function insertEvent(db: Db, { id, event, payload, at }: NewEvent): Promise<void> {
  const row: OutboxRow = {
    id,
    event,
    payload: JSON.stringify(payload),
    at,
    state: 'waiting',
    attempts: 0,
    due_at: 0,
    last_error: null,
  }
  await tables<OutboxTables>(db).insertInto('platform_outbox').values(row).execute()
}

/** Event names that have something waiting. */
export async function findWaitingEvents(db: Db): Promise<readonly string[]> {
  const rows = await tables<OutboxTables>(db)
    .selectFrom('platform_outbox')
    .select('event')
    .distinct()
    .where('state', '=', 'waiting')
    .execute()
  return rows.map(({ event }) => event)
}

/** The oldest waiting one of a name, whether due or not: a later one never overtakes it. */
export async function findNextEvent(db: Db, event: string): Promise<StoredEvent | undefined> {
  return tables<StoredTables>(db)
    .selectFrom('platform_outbox')
    .selectAll()
    .where('state', '=', 'waiting')
    .where('event', '=', event)
    .orderBy('ordinal')
    .limit(1)
    .executeTakeFirst()
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
