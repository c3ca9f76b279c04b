import { type Db, tables } from '#platform'
import type { PkiTables } from '../tables.ts'

/** An intermediate that has its key and waits for the signature of a root kept elsewhere. */
export interface AuthorityRequest {
  /** `ca_…`: the authority's, once it is signed. */
  readonly id: string
  readonly line: string
  readonly name: string
  readonly subject: Uint8Array
  /** PKCS #10 in DER. */
  readonly request: Uint8Array
  /** PKCS #8, sealed at `pki_authority_requests.sealed_key`. */
  readonly sealedKey: Uint8Array
  readonly createdAt: number
  readonly createdBy: string
}

type Row = PkiTables['pki_authority_requests']

/** Oldest first; they are few. */
export async function allAuthorityRequests(db: Db): Promise<readonly AuthorityRequest[]> {
  const rows = await tables<PkiTables>(db).selectFrom('pki_authority_requests').selectAll().orderBy('id').execute()
  return rows.map(requestOf)
}

export async function findAuthorityRequest(db: Db, id: string): Promise<AuthorityRequest | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_authority_requests')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && requestOf(row)
}

export async function insertAuthorityRequest(db: Db, made: AuthorityRequest): Promise<void> {
  await tables<PkiTables>(db)
    .insertInto('pki_authority_requests')
    .values({
      id: made.id,
      line: made.line,
      name: made.name,
      subject: made.subject,
      request: made.request,
      sealed_key: made.sealedKey,
      created_at: made.createdAt,
      created_by: made.createdBy,
    })
    .execute()
}

export async function deleteAuthorityRequest(db: Db, id: string): Promise<void> {
  await tables<PkiTables>(db).deleteFrom('pki_authority_requests').where('id', '=', id).execute()
}

function requestOf(row: Row): AuthorityRequest {
  return {
    id: row.id,
    line: row.line,
    name: row.name,
    subject: row.subject,
    request: row.request,
    sealedKey: row.sealed_key,
    createdAt: row.created_at,
    createdBy: row.created_by,
  }
}
