import { type Db, tables } from '#platform'
import type { Tables } from './tables.ts'

/** Whether this very set of schema and policies was found valid before. */
export async function isValidated(db: Db, digest: string): Promise<boolean> {
  const found = await tables<Tables>(db)
    .selectFrom('access_validations')
    .select('digest')
    .where('digest', '=', digest)
    .executeTakeFirst()
  return found !== undefined
}

/** Remembers it, and only it: sets of earlier versions are forgotten. */
export async function keepValidated(db: Db, digest: string, now: number): Promise<void> {
  const queries = tables<Tables>(db)
  await queries.deleteFrom('access_validations').where('digest', '!=', digest).execute()
  await queries
    .insertInto('access_validations')
    .values({ digest, at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
