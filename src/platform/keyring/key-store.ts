import type { Db } from '../db/database.ts'
import { tables } from '../db/handle.ts'

/** A key as it rests in the database. Ids count up from 1 and are never reused: envelopes name them. */
export interface StoredKey {
  readonly id: number
  /** `data`: seals fields. `mac`: root of the derived mac keys; there is exactly one, for ever. */
  readonly purpose: 'data' | 'mac'
  /** Kind of the seal that wrapped it. */
  readonly seal: string
  readonly wrapped: Uint8Array
  readonly createdAt: number
  /** From then on a data key is the one to seal with, until a later one is. */
  readonly currentFrom: number
}

interface Tables {
  platform_keys: {
    id: number
    purpose: 'data' | 'mac'
    seal: string
    wrapped: Uint8Array
    created_at: number
    current_from: number
  }
}

export async function findKeys(db: Db): Promise<readonly StoredKey[]> {
  const rows = await tables<Tables>(db).selectFrom('platform_keys').selectAll().orderBy('id').execute()
  return rows.map((row) => ({
    id: row.id,
    purpose: row.purpose,
    seal: row.seal,
    wrapped: row.wrapped,
    createdAt: row.created_at,
    currentFrom: row.current_from,
  }))
}

export async function addKey(db: Db, key: StoredKey): Promise<void> {
  const { createdAt: created_at, currentFrom: current_from, ...rest } = key
  await tables<Tables>(db)
    .insertInto('platform_keys')
    .values({ ...rest, created_at, current_from })
    .execute()
}
