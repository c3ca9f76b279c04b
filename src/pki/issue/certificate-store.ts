import type { CredentialLimits } from '#kit'
import { type Db, tables } from '#platform'
import type { PkiTables } from '../tables.ts'

/** The first of these hosts that a certificate is served for here. */
export async function findServedHost(db: Db, hosts: readonly string[], now: number): Promise<string | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select('host')
    .where('host', 'in', hosts)
    .where('not_after', '>', now)
    .limit(1)
    .executeTakeFirst()
  return row?.host ?? undefined
}

/** How a certificate came to be: `host` for hosts served here, `api` for people and programs, `est` for enrolment. */
export type Via = 'host' | 'api' | 'est'

/** A certificate as it stands, without its key. */
export interface CertificateRecord {
  readonly id: string
  readonly authorityId: string
  /** Lower-case hex. */
  readonly serial: string
  /** The profile it was issued by. */
  readonly profile: string
  /** The principal it speaks for. */
  readonly holderId: string | undefined
  /** The common name; empty where the names alone say it. */
  readonly subject: string
  /** Its alternative names as text. */
  readonly names: readonly string[]
  /** The host it is served for, when it is served here. */
  readonly host: string | undefined
  readonly notBefore: number
  readonly notAfter: number
  readonly certificate: Uint8Array
  /** The certificate it took the place of. */
  readonly renewedFrom: string | undefined
  /** What may be done by it at most; `undefined`: all its holder may. */
  readonly limits: CredentialLimits | undefined
  readonly label: string | undefined
  /** Id of the principal that asked for it. */
  readonly askedBy: string | undefined
  readonly via: Via
  readonly createdAt: number
  readonly revokedAt: number | undefined
  readonly revocationReason: string | undefined
}

/** What people know it by. */
export function titleOf({
  host,
  subject,
  names,
  serial,
}: Pick<CertificateRecord, 'host' | 'subject' | 'names' | 'serial'>): string {
  return host ?? (subject === '' ? (names[0] ?? serial) : subject)
}

/** A certificate of a host served here. */
export interface StoredServerCertificate extends CertificateRecord {
  readonly host: string
  /** PKCS #8, sealed at `pki_certificates.sealed_key`. */
  readonly sealedKey: Uint8Array
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
  return row?.sealed_key == null ? undefined : { ...recordOf(row), host, sealedKey: row.sealed_key }
}

/** What is stored beside the record. */
export interface NewCertificate extends CertificateRecord {
  /** SHA-256 of the DER, lower-case hex: by it a certificate shown by a client is found. */
  readonly fingerprint: string
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  readonly keyDigest: string
  /** PKCS #8, sealed at `pki_certificates.sealed_key`; only of hosts served here. */
  readonly sealedKey: Uint8Array | undefined
}

const columns = [
  'id',
  'authority_id',
  'serial',
  'fingerprint',
  'profile',
  'holder_id',
  'subject',
  'names',
  'host',
  'key_digest',
  'not_before',
  'not_after',
  'certificate',
  'sealed_key',
  'renewed_from',
  'limits',
  'label',
  'asked_by',
  'via',
  'created_at',
] as const

/** Rows in one statement: far below both engines' limits of parameters, and few texts to keep prepared. */
const rowsAtOnce = 25

const insertTexts = new Map<string, string>()

/** Built once for each number of rows: building it each time took longer than running it. */
function insertText(dialect: Db['dialect'], rows: number): string {
  const key = `${dialect} ${rows}`
  const known = insertTexts.get(key)
  if (known !== undefined) return known
  const mark = (row: number, column: number): string =>
    dialect === 'sqlite' ? '?' : `$${row * columns.length + column + 1}`
  const values = Array.from({ length: rows }, (_, row) => `(${columns.map((_, at) => mark(row, at)).join(', ')})`)
  const text = `insert into pki_certificates (${columns.join(', ')}) values ${values.join(', ')}`
  insertTexts.set(key, text)
  return text
}

/** A fleet asks for thousands. */
export async function insertCertificates(db: Db, made: readonly NewCertificate[]): Promise<void> {
  const queries = tables<PkiTables>(db)
  for (let start = 0; start < made.length; start += rowsAtOnce) {
    const rows = made.slice(start, start + rowsAtOnce)
    await queries.raw(insertText(db.dialect, rows.length), rows.flatMap(valuesOf))
  }
}

export function insertCertificate(db: Db, made: NewCertificate): Promise<void> {
  return insertCertificates(db, [made])
}

function valuesOf(made: NewCertificate): readonly unknown[] {
  return [
    made.id,
    made.authorityId,
    made.serial,
    made.fingerprint,
    made.profile,
    made.holderId ?? null,
    made.subject,
    JSON.stringify(made.names),
    made.host ?? null,
    made.keyDigest,
    made.notBefore,
    made.notAfter,
    made.certificate,
    made.sealedKey ?? null,
    made.renewedFrom ?? null,
    made.limits === undefined ? null : JSON.stringify(made.limits),
    made.label ?? null,
    made.askedBy ?? null,
    made.via,
    made.createdAt,
  ]
}

/** A certificate by id, whatever became of it. */
export async function findCertificate(db: Db, id: string): Promise<CertificateRecord | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select(recordColumns)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && recordOf(row)
}

/** Those of these ids, in no particular order; unknown ones are left out. */
export async function findCertificates(db: Db, ids: readonly string[]): Promise<readonly CertificateRecord[]> {
  const rows = tables<PkiTables>(db).selectFrom('pki_certificates').select(recordColumns).where('id', 'in', ids)
  return (await rows.execute()).map(recordOf)
}

/** What a record is read from. */
export const recordColumns = [
  'id',
  'authority_id',
  'serial',
  'profile',
  'holder_id',
  'subject',
  'names',
  'host',
  'not_before',
  'not_after',
  'certificate',
  'renewed_from',
  'limits',
  'label',
  'asked_by',
  'via',
  'created_at',
  'revoked_at',
  'revocation_reason',
] as const

/** In order of id, after the given one. */
export async function listCertificatesInOrder(
  db: Db,
  after: string | undefined,
  limit: number,
): Promise<readonly CertificateRecord[]> {
  let rows = tables<PkiTables>(db).selectFrom('pki_certificates').select(recordColumns).orderBy('id').limit(limit)
  if (after !== undefined) rows = rows.where('id', '>', after)
  return (await rows.execute()).map(recordOf)
}

/** Ids of those that speak for a principal, newest first. */
export async function certificatesOf(db: Db, holderId: string, limit: number): Promise<readonly string[]> {
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select('id')
    .where('holder_id', '=', holderId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

/** Id of the certificate that took the place of this one. */
export async function findSuccessor(db: Db, id: string): Promise<string | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select('id')
    .where('renewed_from', '=', id)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.id
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

/** A certificate's own limits, as they were stored. */
export function storedLimits({ limits }: Pick<PkiTables['pki_certificates'], 'limits'>): CredentialLimits | undefined {
  return limits === null ? undefined : (JSON.parse(limits) as CredentialLimits)
}

export function recordOf(row: Pick<PkiTables['pki_certificates'], (typeof recordColumns)[number]>): CertificateRecord {
  return {
    id: row.id,
    authorityId: row.authority_id,
    serial: row.serial,
    profile: row.profile,
    holderId: row.holder_id ?? undefined,
    subject: row.subject,
    names: JSON.parse(row.names) as readonly string[],
    host: row.host ?? undefined,
    notBefore: row.not_before,
    notAfter: row.not_after,
    certificate: row.certificate,
    renewedFrom: row.renewed_from ?? undefined,
    limits: storedLimits(row),
    label: row.label ?? undefined,
    askedBy: row.asked_by ?? undefined,
    via: row.via === 'api' || row.via === 'est' ? row.via : 'host',
    createdAt: row.created_at,
    revokedAt: row.revoked_at ?? undefined,
    revocationReason: row.revocation_reason ?? undefined,
  }
}
