import { closeness, contains, type Db, tables } from '#platform'
import type { Tables } from './tables.ts'

/** The tables of what goes by a name that is never used again: what is removed leaves a tombstone. */
type NamedTable = 'access_groups' | 'access_networks' | 'access_policies' | 'access_roles'

/** All of them are asked by the columns they share, so that one table's types stand for each. */
function standing(db: Db, table: NamedTable) {
  return tables<Tables>(db)
    .selectFrom(table as 'access_groups')
    .selectAll()
    .where('removed_at', 'is', null)
}

/** The one of that name; tombstones are not found. */
export async function findNamed<Table extends NamedTable>(
  db: Db,
  table: Table,
  name: string,
): Promise<Tables[Table] | undefined> {
  const row: unknown = await standing(db, table).where('name', '=', name).executeTakeFirst()
  return row as Tables[Table] | undefined
}

/** Whether one of that name is or was. */
export async function isNameTaken(db: Db, table: NamedTable, name: string): Promise<boolean> {
  const query = tables<Tables>(db)
    .selectFrom(table as 'access_groups')
    .select('id')
    .where('name', '=', name)
  return (await query.executeTakeFirst()) !== undefined
}

/** Which of them a list shows; what is absent leaves none out. */
export interface NamedFilter {
  /** In name or title. */
  readonly text?: string | undefined
  /** No others than of these names. */
  readonly only?: readonly string[] | undefined
}

/** By name, after the given one. */
export async function listNamed<Table extends NamedTable>(
  db: Db,
  table: Table,
  after: string | undefined,
  limit: number,
  { text, only }: NamedFilter,
): Promise<readonly Tables[Table][]> {
  let query = standing(db, table)
  if (only !== undefined) query = query.where('name', 'in', only)
  if (after !== undefined) query = query.where('name', '>', after)
  if (text !== undefined) query = query.where(contains(['name', 'title'], text))
  const rows: unknown = await query.orderBy('name').limit(limit).execute()
  return rows as readonly Tables[Table][]
}

/** Those with a text in name or title, the closest name first. */
export async function searchNamed<Table extends NamedTable>(
  db: Db,
  table: Table,
  text: string,
  limit: number,
): Promise<readonly Tables[Table][]> {
  const rows: unknown = await standing(db, table)
    .where(contains(['name', 'title'], text))
    .orderBy(closeness('name', text))
    .orderBy('name')
    .limit(limit)
    .execute()
  return rows as readonly Tables[Table][]
}
