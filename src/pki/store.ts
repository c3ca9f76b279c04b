import { contains, type Db, tables } from '#platform'

interface PkiTables {
  readonly pki_authorities: {
    readonly id: string
    readonly kind: string
    readonly name: string
    readonly subject: Uint8Array
    readonly certificate: Uint8Array
    readonly sealed_key: Uint8Array
    readonly created_at: number
  }
  readonly pki_certificates: {
    readonly id: string
    readonly authority_id: string
    readonly serial: string
    readonly host: string
    readonly not_before: number
    readonly not_after: number
    readonly certificate: Uint8Array
    readonly sealed_key: Uint8Array | null
    readonly created_at: number
    readonly revoked_at: number | null
  }
}

export interface StoredAuthority {
  readonly id: string
  readonly name: string
  /** The certificate's subject in DER: the issuer of all it signs. */
  readonly subject: Uint8Array
  readonly certificate: Uint8Array
  /** PKCS #8, sealed at `pki_authorities.sealed_key`. */
  readonly sealedKey: Uint8Array
  readonly createdAt: number
}

/** A certificate without its key. */
export interface CertificateRecord {
  readonly id: string
  readonly authorityId: string
  /** Lower-case hex. */
  readonly serial: string
  readonly host: string
  readonly notBefore: number
  readonly notAfter: number
  readonly certificate: Uint8Array
  readonly createdAt: number
  readonly revokedAt: number | undefined
}

export interface StoredServerCertificate extends CertificateRecord {
  /** PKCS #8, sealed at `pki_certificates.sealed_key`. */
  readonly sealedKey: Uint8Array
}

export async function findRoot(db: Db): Promise<StoredAuthority | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_authorities')
    .selectAll()
    .where('kind', '=', 'root')
    .executeTakeFirst()
  return (
    row && {
      id: row.id,
      name: row.name,
      subject: row.subject,
      certificate: row.certificate,
      sealedKey: row.sealed_key,
      createdAt: row.created_at,
    }
  )
}

/** The database holds one root at most: a second one does not go in. */
export async function insertRoot(db: Db, root: StoredAuthority): Promise<void> {
  await tables<PkiTables>(db)
    .insertInto('pki_authorities')
    .values({
      id: root.id,
      kind: 'root',
      name: root.name,
      subject: root.subject,
      certificate: root.certificate,
      sealed_key: root.sealedKey,
      created_at: root.createdAt,
    })
    .execute()
}

/** The certificate for `host` that is valid at `now`, not revoked, still has its key, and ends last. */
export async function findServerCertificate(
  db: Db,
  host: string,
  now: number,
): Promise<StoredServerCertificate | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .selectAll()
    .where('host', '=', host)
    .where('not_before', '<=', now)
    .where('not_after', '>', now)
    .where('revoked_at', 'is', null)
    .where('sealed_key', 'is not', null)
    .orderBy('not_after', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.sealed_key == null ? undefined : { ...recordOf(row), sealedKey: row.sealed_key }
}

export async function insertServerCertificate(db: Db, made: StoredServerCertificate): Promise<void> {
  await tables<PkiTables>(db)
    .insertInto('pki_certificates')
    .values({
      id: made.id,
      authority_id: made.authorityId,
      serial: made.serial,
      host: made.host,
      not_before: made.notBefore,
      not_after: made.notAfter,
      certificate: made.certificate,
      sealed_key: made.sealedKey,
      created_at: made.createdAt,
      revoked_at: null,
    })
    .execute()
}

/** Newest first; with a text, those that have it in host or serial number. @param before id of the last one already shown */
export async function listCertificates(
  db: Db,
  before: string | undefined,
  limit: number,
  text?: string,
  only?: readonly string[],
): Promise<readonly CertificateRecord[]> {
  let rows = tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select([
      'id',
      'authority_id',
      'serial',
      'host',
      'not_before',
      'not_after',
      'certificate',
      'created_at',
      'revoked_at',
    ])
    // ids begin with the time of their making, so their order is the order of issue
    .orderBy('id', 'desc')
    .limit(limit)
  if (before !== undefined) rows = rows.where('id', '<', before)
  if (text !== undefined) rows = rows.where(contains(['host', 'serial'], text))
  if (only !== undefined) rows = rows.where('id', 'in', only)
  return (await rows.execute()).map(recordOf)
}

/** Erases the keys of certificates that ended before `end` (nobody can use them) and answers how many. */
export async function forgetEndedKeys(db: Db, end: number): Promise<number> {
  const { numUpdatedRows } = await tables<PkiTables>(db)
    .updateTable('pki_certificates')
    .set({ sealed_key: null })
    .where('sealed_key', 'is not', null)
    .where('not_after', '<', end)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

function recordOf(row: Omit<PkiTables['pki_certificates'], 'sealed_key'>): CertificateRecord {
  return {
    id: row.id,
    authorityId: row.authority_id,
    serial: row.serial,
    host: row.host,
    notBefore: row.not_before,
    notAfter: row.not_after,
    certificate: row.certificate,
    createdAt: row.created_at,
    revokedAt: row.revoked_at ?? undefined,
  }
}
