import type { JournalValue } from '../audit/audit.ts'
import type { Db } from '../db/database.ts'
import { tables } from '../db/handle.ts'

export interface NewEvent {
  readonly id: string
  readonly event: string
  readonly payload: Readonly<Record<string, JournalValue>>
  readonly at: number
}

export interface OutboxTables {
  platform_outbox: {
    id: string
    event: string
    payload: string
    at: number
    state: 'waiting' | 'dead'
    attempts: number
    due_at: number
    last_error: string | null
  }
}

export async function insertEvent(db: Db, { id, event, payload, at }: NewEvent): Promise<void> {
  const row = {
    id,
    event,
    payload: JSON.stringify(payload),
    at,
    state: 'waiting',
    attempts: 0,
    due_at: 0,
    last_error: null,
  } as const
  await tables<OutboxTables>(db).insertInto('platform_outbox').values(row).execute()
}
