import { contains, type Db, tables } from '#platform'
import type { PkiTables } from '../tables.ts'

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
  readonly label: string | undefined
  /** Id of the principal that asked for it. */
  readonly askedBy: string | undefined
  readonly via: Via
  readonly createdAt: number
  readonly revokedAt: number | undefined
  readonly revocationReason: string | undefined
}

/** What people know it by. */
export function titleOf({ host, subject, names, serial }: CertificateRecord): string {
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

export async function insertCertificate(db: Db, made: NewCertificate): Promise<void> {
  await tables<PkiTables>(db)
    .insertInto('pki_certificates')
    .values({
      id: made.id,
      authority_id: made.authorityId,
      serial: made.serial,
      fingerprint: made.fingerprint,
      profile: made.profile,
      holder_id: made.holderId ?? null,
      subject: made.subject,
      names: JSON.stringify(made.names),
      host: made.host ?? null,
      key_digest: made.keyDigest,
      not_before: made.notBefore,
      not_after: made.notAfter,
      certificate: made.certificate,
      sealed_key: made.sealedKey ?? null,
      renewed_from: made.renewedFrom ?? null,
      limits: null,
      label: made.label ?? null,
      asked_by: made.askedBy ?? null,
      via: made.via,
      created_at: made.createdAt,
      revoked_at: null,
      revocation_reason: null,
    })
    .execute()
}

const searched = ['names', 'subject', 'serial', 'label'] as const

const recordColumns = [
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
  'label',
  'asked_by',
  'via',
  'created_at',
  'revoked_at',
  'revocation_reason',
] as const

/** Newest first; with a text, those that have it in a name, the subject, the serial number or the label. @param before id of the last one already shown */
export async function listCertificates(
  db: Db,
  before: string | undefined,
  limit: number,
  text?: string,
  only?: readonly string[],
): Promise<readonly CertificateRecord[]> {
  let rows = tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select(recordColumns)
    // ids begin with the time of their making, so their order is the order of issue
    .orderBy('id', 'desc')
    .limit(limit)
  if (before !== undefined) rows = rows.where('id', '<', before)
  if (text !== undefined) rows = rows.where(contains(searched, text))
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

function recordOf(row: Pick<PkiTables['pki_certificates'], (typeof recordColumns)[number]>): CertificateRecord {
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
    label: row.label ?? undefined,
    askedBy: row.asked_by ?? undefined,
    via: row.via === 'api' || row.via === 'est' ? row.via : 'host',
    createdAt: row.created_at,
    revokedAt: row.revoked_at ?? undefined,
    revocationReason: row.revocation_reason ?? undefined,
  }
}
