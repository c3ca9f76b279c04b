import type { CredentialLimits } from '#kit'
import { type Db, tables, touch } from '#platform'
import { storedLimits, titleOf } from '../issue/certificate-store.ts'
import type { PkiTables } from '../tables.ts'
import { shardOf } from './distribution.ts'
import { type RevocationReason, reasonOf, type StatedReason } from './reasons.ts'

/** What whoever uses a certificate needs to know of it; nothing of this was read out of the certificate shown. */
export interface CertificateFacts {
  readonly id: string
  readonly authorityId: string
  /** Lower-case hex. */
  readonly serial: string
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string
  readonly profile: string
  /** The principal it speaks for. */
  readonly holderId: string | undefined
  readonly subject: string
  readonly names: readonly string[]
  readonly label: string | undefined
  /** What may be done by it at most; `undefined`: all its holder may. */
  readonly limits: CredentialLimits | undefined
  readonly notBefore: number
  readonly notAfter: number
}

/** A certificate with what became of it. */
export interface StandingRow {
  readonly facts: CertificateFacts
  readonly revoked: { readonly at: number; readonly reason: StatedReason } | undefined
}

const factColumns = [
  'id',
  'authority_id',
  'serial',
  'fingerprint',
  'profile',
  'holder_id',
  'subject',
  'names',
  'label',
  'limits',
  'not_before',
  'not_after',
  'revoked_at',
  'revocation_reason',
] as const

/** A certificate as somebody shows it. */
export interface ShownCertificate {
  /** SHA-256 of the whole DER, lower-case hex: the certificate itself and not what it says of itself. */
  readonly fingerprint: string
  /** From `statedSerial`: where to look, nothing more. */
  readonly serial: string
}

export async function findStanding(
  db: Db,
  { fingerprint, serial }: ShownCertificate,
): Promise<StandingRow | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select(factColumns)
    .where('serial', '=', serial)
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    facts: {
      id: row.id,
      authorityId: row.authority_id,
      serial: row.serial,
      fingerprint,
      profile: row.profile,
      holderId: row.holder_id ?? undefined,
      subject: row.subject,
      names: JSON.parse(row.names) as readonly string[],
      label: row.label ?? undefined,
      limits: storedLimits(row),
      notBefore: row.not_before,
      notAfter: row.not_after,
    },
    revoked: row.revoked_at === null ? undefined : { at: row.revoked_at, reason: reasonOf(row.revocation_reason) },
  }
}

/** What a revocation has to know of a certificate. */
export interface Revocable {
  readonly id: string
  readonly authorityId: string
  readonly serial: string
  /** The principal it speaks for. */
  readonly holderId: string | undefined
  readonly notAfter: number
  /** What people know it by. */
  readonly name: string
  readonly revokedAt: number | undefined
  readonly reason: StatedReason | undefined
}

const revocableColumns = [
  'id',
  'authority_id',
  'serial',
  'holder_id',
  'not_after',
  'host',
  'subject',
  'names',
  'revoked_at',
  'revocation_reason',
] as const

/**
 * The certificate first, then what must go with it: everything renewed from it, however often; with `sameKeys` also every
 * certificate of a key among these, and what was renewed from that. Empty for an unknown id.
 */
export async function findFamily(db: Db, id: string, sameKeys: boolean): Promise<readonly Revocable[]> {
  const family = tables<PkiTables>(db)
    .withRecursive('pki_family', (query) =>
      query
        .selectFrom('pki_certificates')
        .select(['id', 'key_digest'])
        .where('id', '=', id)
        // `union` leaves out what was found before, so that certificates of one key do not find each other for ever
        .union((again) =>
          again
            .selectFrom('pki_family as f')
            .innerJoin('pki_certificates as c', (join) =>
              join.on((on) =>
                sameKeys
                  ? on.or([on('c.renewed_from', '=', on.ref('f.id')), on('c.key_digest', '=', on.ref('f.key_digest'))])
                  : on('c.renewed_from', '=', on.ref('f.id')),
              ),
            )
            .select(['c.id', 'c.key_digest']),
        ),
    )
    .selectFrom('pki_certificates')
    .select(revocableColumns)
    .where('id', 'in', (query) => query.selectFrom('pki_family').select('id'))
    .orderBy('id')
  const rows = (await family.execute()).map(revocableOf)
  return [...rows.filter((row) => row.id === id), ...rows.filter((row) => row.id !== id)]
}

export async function findRevocable(db: Db, id: string): Promise<Revocable | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select(revocableColumns)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && revocableOf(row)
}

/** A holder's certificates that are not revoked and have not ended, oldest first. */
export async function standingOf(
  db: Db,
  holderId: string,
  now: number,
  limit: number,
): Promise<readonly { readonly id: string }[]> {
  return tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select('id')
    .where('holder_id', '=', holderId)
    .where('revoked_at', 'is', null)
    .where('not_after', '>', now)
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** Marks certificates revoked; one that is already keeps its time. */
export async function markRevoked(
  db: Db,
  revoked: readonly Revocable[],
  reason: RevocationReason,
  now: number,
): Promise<void> {
  for (let from = 0; from < revoked.length; from += atOnce) {
    const part = revoked.slice(from, from + atOnce)
    await tables<PkiTables>(db)
      .updateTable('pki_certificates')
      .set((is) => ({ revoked_at: is.fn.coalesce('revoked_at', is.val(now)), revocation_reason: reason }))
      .where(
        'id',
        'in',
        part.map(({ id }) => id),
      )
      .execute()
    await listRevocations(
      db,
      part.map((one) => ({ ...one, reason, revokedAt: one.revokedAt ?? now })),
    )
  }
  touch(db, 'certificates')
}

/** What goes onto its authority's lists. */
export interface Revocation {
  readonly authorityId: string
  /** Lower-case hex. */
  readonly serial: string
  readonly revokedAt: number
  readonly reason: StatedReason
  readonly notAfter: number
}

/** Puts revocations on the lists made from now on; one that is there takes the new reason and is listed anew. */
export async function listRevocations(db: Db, revocations: readonly Revocation[]): Promise<void> {
  await tables<PkiTables>(db)
    .insertInto('pki_revocations')
    .values(
      revocations.map((one) => ({
        authority_id: one.authorityId,
        shard: shardOf(one.serial),
        serial: one.serial,
        revoked_at: one.revokedAt,
        reason: one.reason,
        not_after: one.notAfter,
        listed_in: null,
      })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['authority_id', 'shard', 'serial'])
        .doUpdateSet((is) => ({ reason: is.ref('excluded.reason'), listed_in: null })),
    )
    .execute()
}

/** Whether lists carry this serial number, or will. */
export async function isListed(db: Db, authorityId: string, serial: string): Promise<boolean> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_revocations')
    .select('serial')
    .where('authority_id', '=', authorityId)
    .where('shard', '=', shardOf(serial))
    .where('serial', '=', serial)
    .executeTakeFirst()
  return row !== undefined
}

/** What became of a certificate of ours. */
export interface CertificateFate {
  readonly revoked: { readonly at: number; readonly reason: StatedReason } | undefined
}

/** `undefined` for a serial number that this authority never gave. @param serial lower-case hex */
export async function findFate(db: Db, authorityId: string, serial: string): Promise<CertificateFate | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select(['revoked_at', 'revocation_reason'])
    .where('authority_id', '=', authorityId)
    .where('serial', '=', serial)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    revoked: row.revoked_at === null ? undefined : { at: row.revoked_at, reason: reasonOf(row.revocation_reason) },
  }
}

/** Rows in one statement: far below what either database binds. */
const atOnce = 500

/**
 * The first of these keys that a certificate was revoked for as compromised; undefined when it is none of them.
 *
 * @param keyDigests SHA-256 of their SubjectPublicKeyInfo, lower-case hex
 */
export async function findCompromisedKey(db: Db, keyDigests: readonly string[]): Promise<string | undefined> {
  const { rows } = await tables<PkiTables>(db).raw<{ readonly digest: string }>(compromised[db.dialect], [
    JSON.stringify(keyDigests),
  ])
  return rows[0]?.digest
}

/** Asked for every certificate that is issued, so it is not built each time. */
const compromisedAmong = (list: string): string =>
  `select key_digest as digest from pki_certificates
    where key_digest in (${list}) and revocation_reason = 'keyCompromise' limit 1`
const compromised = {
  sqlite: compromisedAmong('select value from json_each(?)'),
  postgres: compromisedAmong('select jsonb_array_elements_text($1::jsonb)'),
}

type Row = PkiTables['pki_certificates']

function revocableOf(row: Pick<Row, (typeof revocableColumns)[number]>): Revocable {
  const names = JSON.parse(row.names) as readonly string[]
  return {
    id: row.id,
    authorityId: row.authority_id,
    serial: row.serial,
    holderId: row.holder_id ?? undefined,
    notAfter: row.not_after,
    name: titleOf({ ...row, host: row.host ?? undefined, names }),
    revokedAt: row.revoked_at ?? undefined,
    reason: row.revoked_at === null ? undefined : reasonOf(row.revocation_reason),
  }
}
