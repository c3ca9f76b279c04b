import { type Db, tables, touch } from '#platform'
import type { PkiTables } from '../tables.ts'

/** A root signs intermediates and is what people trust; an intermediate signs everything else. */
export type AuthorityKind = 'root' | 'intermediate'

/** `standby`: published, issues nothing yet. `active`: issues. `retired`: issues no more, still trusted and answering for what it issued. */
export type AuthorityState = 'standby' | 'active' | 'retired'

export interface StoredAuthority {
  readonly id: string
  readonly kind: AuthorityKind
  /** What it issues for: `root`, `servers`, `clients`, or a line of the operator's. */
  readonly line: string
  readonly state: AuthorityState
  readonly name: string
  /** The certificate's subject in DER: the issuer of all it signs. */
  readonly subject: Uint8Array
  readonly certificate: Uint8Array
  /** Its key certified by the root before it, for those who trust only that one. */
  readonly crossCertificate: Uint8Array | undefined
  /** Who signed it; `undefined` for a root, and where the signer is not ours. */
  readonly parentId: string | undefined
  /** PKCS #8, sealed at `pki_authorities.sealed_key`; `undefined` while the key is elsewhere. */
  readonly sealedKey: Uint8Array | undefined
  readonly createdAt: number
  readonly revokedAt: number | undefined
  readonly revocationReason: string | undefined
  /** When a copy of its key was handed out last, and the SHA-256 of that copy's PEM text, lower-case hex. */
  readonly exported: { readonly at: number; readonly digest: string } | undefined
}

type Row = PkiTables['pki_authorities']

/** All of them, oldest first: there are few. */
export async function allAuthorities(db: Db): Promise<readonly StoredAuthority[]> {
  const rows = await tables<PkiTables>(db).selectFrom('pki_authorities').selectAll().orderBy('id').execute()
  return rows.map(authorityOf)
}

export async function findAuthority(db: Db, id: string): Promise<StoredAuthority | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_authorities')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && authorityOf(row)
}

/** Those after an id, oldest first; with `only`, among these. */
export async function pageOfAuthorities(
  db: Db,
  after: string | undefined,
  limit: number,
  only?: readonly string[],
): Promise<readonly StoredAuthority[]> {
  let query = tables<PkiTables>(db).selectFrom('pki_authorities').selectAll().orderBy('id').limit(limit)
  if (after !== undefined) query = query.where('id', '>', after)
  if (only !== undefined) query = query.where('id', 'in', only)
  return (await query.execute()).map(authorityOf)
}

/** The one that issues for a line. */
export async function findActiveAuthority(db: Db, line: string): Promise<StoredAuthority | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_authorities')
    .selectAll()
    .where('line', '=', line)
    .where('state', '=', 'active')
    .executeTakeFirst()
  return row && authorityOf(row)
}

/** The database holds one active authority in a line at most: a second one does not go in. */
export async function insertAuthority(db: Db, made: StoredAuthority): Promise<void> {
  await tables<PkiTables>(db)
    .insertInto('pki_authorities')
    .values({
      id: made.id,
      kind: made.kind,
      line: made.line,
      state: made.state,
      name: made.name,
      subject: made.subject,
      certificate: made.certificate,
      cross_certificate: made.crossCertificate ?? null,
      parent_id: made.parentId ?? null,
      sealed_key: made.sealedKey ?? null,
      created_at: made.createdAt,
      revoked_at: made.revokedAt ?? null,
      revocation_reason: made.revocationReason ?? null,
      exported_at: made.exported?.at ?? null,
      export_digest: made.exported?.digest ?? null,
    })
    .execute()
  touch(db, 'authorities')
}

/** What of an authority may change after it was made. */
export interface AuthorityChange {
  readonly state?: AuthorityState
  readonly crossCertificate?: Uint8Array
  /** `undefined` as a value takes the key away. */
  readonly sealedKey?: Uint8Array | undefined
  readonly exported?: { readonly at: number; readonly digest: string }
  readonly revoked?: { readonly at: number; readonly reason: string }
}

export async function updateAuthority(db: Db, id: string, change: AuthorityChange): Promise<void> {
  await tables<PkiTables>(db)
    .updateTable('pki_authorities')
    .set({
      ...(change.state === undefined ? {} : { state: change.state }),
      ...(change.crossCertificate === undefined ? {} : { cross_certificate: change.crossCertificate }),
      ...('sealedKey' in change ? { sealed_key: change.sealedKey ?? null } : {}),
      ...(change.exported === undefined
        ? {}
        : { exported_at: change.exported.at, export_digest: change.exported.digest }),
      ...(change.revoked === undefined
        ? {}
        : { revoked_at: change.revoked.at, revocation_reason: change.revoked.reason }),
    })
    .where('id', '=', id)
    .execute()
  touch(db, 'authorities')
}

function authorityOf(row: Row): StoredAuthority {
  return {
    id: row.id,
    kind: row.kind === 'root' ? 'root' : 'intermediate',
    line: row.line,
    state: row.state === 'active' || row.state === 'standby' ? row.state : 'retired',
    name: row.name,
    subject: row.subject,
    certificate: row.certificate,
    crossCertificate: row.cross_certificate ?? undefined,
    parentId: row.parent_id ?? undefined,
    sealedKey: row.sealed_key ?? undefined,
    createdAt: row.created_at,
    revokedAt: row.revoked_at ?? undefined,
    revocationReason: row.revocation_reason ?? undefined,
    exported:
      row.exported_at === null || row.export_digest === null
        ? undefined
        : { at: row.exported_at, digest: row.export_digest },
  }
}
