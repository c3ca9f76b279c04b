import { type Db, tables } from '#platform'
import type { PkiTables } from '../tables.ts'

export interface StoredHolder {
  readonly id: string
  readonly kind: 'device' | 'service'
  readonly name: string
  readonly createdAt: number
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
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_holders')
    .selectAll()
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirst()
  return row && holderOf(row)
}

export async function insertHolder(db: Db, holder: Omit<StoredHolder, 'removedAt'>): Promise<void> {
  const { id, kind, name, createdAt } = holder
  await tables<PkiTables>(db)
    .insertInto('pki_holders')
    .values({ id, kind, name, created_at: createdAt, removed_at: null })
    .execute()
}

function holderOf(row: PkiTables['pki_holders']): StoredHolder {
  const { id, name } = row
  const kind = row.kind === 'service' ? 'service' : 'device'
  return { id, kind, name, createdAt: row.created_at, removedAt: row.removed_at ?? undefined }
}
