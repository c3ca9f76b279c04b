import { type Db, tables, touch } from '#platform'
import { findNamed, isNameTaken, listNamed, searchNamed } from './named-store.ts'
import type { NetworkRow, Tables } from './tables.ts'

/** A named network; tombstones are not found. */
export function findNetwork(db: Db, name: string): Promise<NetworkRow | undefined> {
  return findNamed(db, 'access_networks', name)
}

/** Whether a network of that name is or was. */
export function isNetworkNameTaken(db: Db, name: string): Promise<boolean> {
  return isNameTaken(db, 'access_networks', name)
}

/** By name, after the given one; with a text, those that have it in name or title. */
export function listNetworks(
  db: Db,
  after: string | undefined,
  limit: number,
  text?: string,
  only?: readonly string[],
): Promise<readonly NetworkRow[]> {
  return listNamed(db, 'access_networks', after, limit, { text, only })
}

/** Those with a text in name or title, the closest name first. */
export function searchNetworks(db: Db, text: string, limit: number): Promise<readonly NetworkRow[]> {
  return searchNamed(db, 'access_networks', text, limit)
}

export async function insertNetwork(db: Db, row: NetworkRow): Promise<void> {
  await tables<Tables>(db).insertInto('access_networks').values(row).execute()
  touch(db, 'access')
}

/** Writes the fields that change and the next revision. */
export async function updateNetwork(
  db: Db,
  id: string,
  change: Partial<Pick<NetworkRow, 'title' | 'cidrs' | 'removed_at'>>,
  now: number,
): Promise<void> {
  await tables<Tables>(db)
    .updateTable('access_networks')
    .set((value) => ({ ...change, updated_at: now, revision: value('revision', '+', 1) }))
    .where('id', '=', id)
    .execute()
  touch(db, 'access')
}
