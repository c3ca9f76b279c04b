import { closeness, contains, type Db, tables, touch } from '#platform'
import type { NetworkRow, Tables } from './tables.ts'

/** A named network; tombstones are not found. */
export async function findNetwork(db: Db, name: string): Promise<NetworkRow | undefined> {
  return tables<Tables>(db)
    .selectFrom('access_networks')
    .selectAll()
    .where('name', '=', name)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
}

/** Whether a network of that name is or was. */
export async function isNetworkNameTaken(db: Db, name: string): Promise<boolean> {
  const query = tables<Tables>(db).selectFrom('access_networks').select('id').where('name', '=', name)
  return (await query.executeTakeFirst()) !== undefined
}

/** By name, after the given one; with a text, those that have it in name or title. */
export async function listNetworks(
  db: Db,
  after: string | undefined,
  limit: number,
  text?: string,
  only?: readonly string[],
): Promise<readonly NetworkRow[]> {
  let query = tables<Tables>(db).selectFrom('access_networks').selectAll().where('removed_at', 'is', null)
  if (only !== undefined) query = query.where('name', 'in', only)
  if (after !== undefined) query = query.where('name', '>', after)
  if (text !== undefined) query = query.where(contains(['name', 'title'], text))
  return query.orderBy('name').limit(limit).execute()
}

/** Those with a text in name or title, the closest name first. */
export async function searchNetworks(db: Db, text: string, limit: number): Promise<readonly NetworkRow[]> {
  return tables<Tables>(db)
    .selectFrom('access_networks')
    .selectAll()
    .where('removed_at', 'is', null)
    .where(contains(['name', 'title'], text))
    .orderBy(closeness('name', text))
    .orderBy('name')
    .limit(limit)
    .execute()
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
