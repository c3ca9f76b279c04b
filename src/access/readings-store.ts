import { type Db, tables } from '#platform'
import type { PolicyReadingRow, Tables } from './tables.ts'

export function findReading(db: Db, digest: string): Promise<PolicyReadingRow | undefined> {
  return tables<Tables>(db)
    .selectFrom('access_policy_readings')
    .selectAll()
    .where('digest', '=', digest)
    .executeTakeFirst()
}

/** Keeps it in place of every other: readings of earlier versions are forgotten, and so is a damaged one. */
export async function keepReading(db: Db, row: PolicyReadingRow): Promise<void> {
  const queries = tables<Tables>(db)
  await queries.deleteFrom('access_policy_readings').execute()
  await queries
    .insertInto('access_policy_readings')
    .values(row)
    // another node that starts now keeps the same
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
