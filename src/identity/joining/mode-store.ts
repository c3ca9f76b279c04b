import { type Db, tables } from '#platform'
import type { IdentityTables } from '../tables.ts'

/** `off`: nobody joins. `invitation`: who is invited. `open`: everybody who reads mail to an address of theirs. */
export type JoiningMode = 'off' | 'invitation' | 'open'

export interface Joining {
  readonly mode: JoiningMode
  readonly revision: number
}

export async function readJoining(db: Db): Promise<Joining> {
  const { mode, revision } = await tables<IdentityTables>(db)
    .selectFrom('identity_joining')
    .select(['mode', 'revision'])
    .executeTakeFirstOrThrow()
  // a word this version does not know opens nothing
  return { mode: mode === 'open' || mode === 'invitation' ? mode : 'off', revision }
}

/** False when it was changed since `expected`. */
export async function writeJoining(db: Db, mode: JoiningMode, expected: number, now: number): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .updateTable('identity_joining')
    .set({ mode, revision: expected + 1, updated_at: now })
    .where('revision', '=', expected)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
