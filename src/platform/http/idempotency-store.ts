import type { Db } from '../db/database.ts'
import { tables } from '../db/handle.ts'

interface KeyRow {
  readonly mac: string
  readonly fingerprint: string
  /** `begun` until its answer is known; `unkept`: done, and its answer was told once only. */
  readonly state: 'begun' | 'kept' | 'unkept'
  readonly answer: Uint8Array | null
  readonly at: number
}

export type KeyEntry = Pick<KeyRow, 'fingerprint' | 'state' | 'answer' | 'at'>

interface IdempotencyTables {
  platform_idempotency_keys: KeyRow
}

export const idempotencyTable = 'platform_idempotency_keys'

/** Takes a key: `undefined` when it was free, else what stands there. Forgets what is older than `before`. */
export async function takeKey(
  db: Db,
  key: { readonly mac: string; readonly fingerprint: string; readonly at: number },
  before: number,
): Promise<KeyEntry | undefined> {
  const table = tables<IdempotencyTables>(db)
  await table.deleteFrom('platform_idempotency_keys').where('at', '<', before).execute()
  const taken = await table
    .insertInto('platform_idempotency_keys')
    .values({ ...key, state: 'begun', answer: null })
    .onConflict((conflict) => conflict.column('mac').doNothing())
    .executeTakeFirst()
  if (taken.numInsertedOrUpdatedRows === 1n) return undefined
  return table
    .selectFrom('platform_idempotency_keys')
    .select(['fingerprint', 'state', 'answer', 'at'])
    .where('mac', '=', key.mac)
    .executeTakeFirst()
}

/** Notes that it was done; without an answer to keep, only that. */
export async function settleKey(db: Db, mac: string, answer: Uint8Array | undefined): Promise<void> {
  await tables<IdempotencyTables>(db)
    .updateTable('platform_idempotency_keys')
    .set({ state: answer === undefined ? 'unkept' : 'kept', answer: answer ?? null })
    .where('mac', '=', mac)
    .execute()
}

/** Gives a key back: what was asked under it had no effect. */
export async function releaseKey(db: Db, mac: string): Promise<void> {
  await tables<IdempotencyTables>(db).deleteFrom('platform_idempotency_keys').where('mac', '=', mac).execute()
}
