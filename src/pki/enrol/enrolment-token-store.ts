import { type Db, tables } from '#platform'
import { holderKinds } from '../issue/holders.ts'
import type { PkiTables } from '../tables.ts'
import type { EnrolmentToken, Maker, TokenHolder } from './enrolment-token.ts'

type Row = PkiTables['pki_enrolment_tokens']

export async function insertEnrolmentToken(db: Db, token: EnrolmentToken, secretHash: string): Promise<void> {
  await tables<PkiTables>(db)
    .insertInto('pki_enrolment_tokens')
    .values({
      id: token.id,
      secret_hash: secretHash,
      profile: token.profile,
      holder_kind: token.holder?.kind ?? null,
      holder_name: token.holder?.name ?? null,
      holder_id: token.holder?.id ?? null,
      names: JSON.stringify(token.names),
      uses: token.uses,
      uses_left: token.usesLeft,
      networks: JSON.stringify(token.networks),
      label: token.label,
      maker_id: token.maker.principal.id,
      maker: JSON.stringify(token.maker),
      created_at: token.createdAt,
      ends_at: token.endsAt,
      last_used_at: null,
      revoked_at: null,
    })
    .execute()
}

export async function findEnrolmentToken(db: Db, id: string): Promise<EnrolmentToken | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_enrolment_tokens')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : tokenOf(row)
}

/** Whatever its state: whoever has the secret may be told what became of the token. */
export async function findTokenBySecret(db: Db, secretHash: string): Promise<EnrolmentToken | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_enrolment_tokens')
    .selectAll()
    .where('secret_hash', '=', secretHash)
    .executeTakeFirst()
  return row === undefined ? undefined : tokenOf(row)
}

/** Newest first. @param before id of the last one already shown */
export async function listEnrolmentTokens(
  db: Db,
  before: string | undefined,
  limit: number,
  only?: readonly string[],
): Promise<readonly EnrolmentToken[]> {
  let rows = tables<PkiTables>(db).selectFrom('pki_enrolment_tokens').selectAll().orderBy('id', 'desc').limit(limit)
  if (before !== undefined) rows = rows.where('id', '<', before)
  if (only !== undefined) rows = rows.where('id', 'in', only)
  return (await rows.execute()).map(tokenOf)
}

/**
 * Takes one use, and binds the token to its holder. One conditional change: of two at once for the last use, one gets it.
 *
 * @returns false when the token has no use left, ended or was revoked
 */
export async function takeUse(db: Db, id: string, holderId: string | undefined, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tables<PkiTables>(db)
    .updateTable('pki_enrolment_tokens')
    .set(({ eb }) => ({ uses_left: eb('uses_left', '-', 1), holder_id: holderId ?? null, last_used_at: now }))
    .where('id', '=', id)
    .where('uses_left', '>', 0)
    .where('ends_at', '>', now)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** False when it is revoked already. */
export async function markTokenRevoked(db: Db, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await tables<PkiTables>(db)
    .updateTable('pki_enrolment_tokens')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Forgets tokens that ended long ago and fetched nothing; the others say where a certificate comes from. */
export async function forgetUnusedTokens(db: Db, endedBefore: number): Promise<void> {
  await tables<PkiTables>(db)
    .deleteFrom('pki_enrolment_tokens')
    .where('ends_at', '<', endedBefore)
    .where('last_used_at', 'is', null)
    .execute()
}

export async function insertEnrolment(db: Db, certificateId: string, tokenId: string, now: number): Promise<void> {
  await tables<PkiTables>(db)
    .insertInto('pki_enrolments')
    .values({ certificate_id: certificateId, token_id: tokenId, created_at: now })
    .execute()
}

/** The last certificates fetched with each of these tokens, at most twenty of one, newest first. */
export async function listEnrolled(
  db: Db,
  tokenIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const lists = await Promise.all(
    tokenIds.map(async (id) => {
      const rows = await tables<PkiTables>(db)
        .selectFrom('pki_enrolments')
        .select('certificate_id')
        .where('token_id', '=', id)
        .orderBy('certificate_id', 'desc')
        .limit(20)
        .execute()
      return [id, rows.map((row) => row.certificate_id)] as const
    }),
  )
  return new Map(lists)
}

/**
 * The certificate for that key that was fetched with the token before, the newest where there are several. By the key, of
 * which there are few certificates: of a token there may be a thousand.
 */
export async function findEnrolledKey(db: Db, tokenId: string, keyDigest: string): Promise<string | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificates as c')
    .select('c.id')
    .where('c.key_digest', '=', keyDigest)
    .where((eb) =>
      eb(
        eb.selectFrom('pki_enrolments as e').select('e.token_id').whereRef('e.certificate_id', '=', 'c.id'),
        '=',
        tokenId,
      ),
    )
    .orderBy('c.id', 'desc')
    .executeTakeFirst()
  return row?.id
}

/** The certificate for that key which took the place of this one, the newest where there are several. */
export async function findRenewalFor(db: Db, predecessorId: string, keyDigest: string): Promise<string | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select('id')
    .where('renewed_from', '=', predecessorId)
    .where('key_digest', '=', keyDigest)
    .orderBy('id', 'desc')
    .executeTakeFirst()
  return row?.id
}

function tokenOf(row: Row): EnrolmentToken {
  return {
    id: row.id,
    profile: row.profile,
    holder: holderOf(row),
    names: JSON.parse(row.names) as readonly string[],
    uses: row.uses,
    usesLeft: row.uses_left,
    networks: JSON.parse(row.networks) as readonly string[],
    label: row.label,
    maker: JSON.parse(row.maker) as Maker,
    createdAt: row.created_at,
    endsAt: row.ends_at,
    lastUsedAt: row.last_used_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
  }
}

function holderOf(row: Pick<Row, 'holder_kind' | 'holder_name' | 'holder_id'>): TokenHolder | undefined {
  const kind = holderKinds.find((known) => known === row.holder_kind)
  if (kind === undefined || row.holder_name === null) return undefined
  return { kind, name: row.holder_name, id: row.holder_id ?? undefined }
}
