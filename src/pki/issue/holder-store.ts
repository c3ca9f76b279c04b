import { type Db, tables } from '#platform'
import type { PkiTables } from '../tables.ts'

export interface StoredHolder {
  readonly id: string
  readonly kind: 'device' | 'service'
  readonly name: string
  /** What people call it; may be empty. */
  readonly title: string
  readonly createdAt: number
  /** Id of the principal that made it. */
  readonly createdBy: string | undefined
  readonly revision: number
  readonly removedAt: number | undefined
}

export async function findHolder(db: Db, id: string): Promise<StoredHolder | undefined> {
  const row = await tables<PkiTables>(db).selectFrom('pki_holders').selectAll().where('id', '=', id).executeTakeFirst()
  return row && holderOf(row)
}

/** A removed one too: its name is not free. */
export async function findHolderByName(
  db: Db,
  kind: StoredHolder['kind'],
  name: string,
): Promise<StoredHolder | undefined> {
  const { rows } = await tables<PkiTables>(db).raw<PkiTables['pki_holders']>(byName[db.dialect], [kind, name])
  const [row] = rows
  return row && holderOf(row)
}

/** The same of many; unknown names are left out. */
export async function findHoldersByName(
  db: Db,
  kind: StoredHolder['kind'],
  names: readonly string[],
): Promise<readonly StoredHolder[]> {
  const { rows } = await tables<PkiTables>(db).raw<PkiTables['pki_holders']>(byNames[db.dialect], [
    kind,
    JSON.stringify(names),
  ])
  return rows.map(holderOf)
}

const byNames = {
  sqlite: 'select * from pki_holders where kind = ? and name in (select value from json_each(?))',
  postgres: 'select * from pki_holders where kind = $1 and name in (select jsonb_array_elements_text($2::jsonb))',
} as const

/** Asked with every order, so it is not built each time. */
const byName = {
  sqlite: 'select * from pki_holders where kind = ? and name = ?',
  postgres: 'select * from pki_holders where kind = $1 and name = $2',
} as const

export type NewHolder = Omit<StoredHolder, 'removedAt' | 'revision'>

export async function insertHolders(db: Db, holders: readonly NewHolder[]): Promise<void> {
  if (holders.length > 0) await tables<PkiTables>(db).insertInto('pki_holders').values(holders.map(rowOf)).execute()
}

function rowOf({ id, kind, name, title, createdAt, createdBy }: NewHolder): PkiTables['pki_holders'] {
  const made = { created_at: createdAt, created_by: createdBy ?? null }
  return { id, kind, name, title, ...made, removed_at: null, revision: 1 }
}

export function holderOf(row: PkiTables['pki_holders']): StoredHolder {
  const { id, name, title, revision } = row
  const kind = row.kind === 'service' ? 'service' : 'device'
  return {
    id,
    kind,
    name,
    title,
    createdAt: row.created_at,
    createdBy: row.created_by ?? undefined,
    revision,
    removedAt: row.removed_at ?? undefined,
  }
}
