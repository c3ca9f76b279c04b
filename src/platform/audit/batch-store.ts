import type { Db } from '../db/database.ts'
import { tables } from '../db/handle.ts'
import { addUses, type NewUse } from './access-store.ts'
import { insertRecords, type NewRecord } from './audit-store.ts'

/** Refusals and uses that are written together. */
export interface Batch {
  /** 1, 2, 3, … of its writer. */
  readonly number: number
  readonly records: readonly NewRecord[]
  readonly uses: readonly NewUse[]
}

interface BatchTables {
  platform_journal_writers: { writer: string; batch: number }
}

/**
 * Writes a batch once, whatever became of an earlier attempt: a commit may succeed and its answer be lost. A writer's
 * batches must come in their order. In the caller's transaction.
 *
 * @returns whether it was not written before
 */
export async function writeBatch(db: Db, writer: string, { number, records, uses }: Batch): Promise<boolean> {
  const claimed = await tables<BatchTables>(db)
    .insertInto('platform_journal_writers')
    .values({ writer, batch: number })
    .onConflict((conflict) =>
      conflict.column('writer').doUpdateSet({ batch: number }).where('platform_journal_writers.batch', '<', number),
    )
    .returning('batch')
    .executeTakeFirst()
  if (claimed === undefined) return false
  await insertRecords(db, records)
  await addUses(db, uses)
  return true
}
