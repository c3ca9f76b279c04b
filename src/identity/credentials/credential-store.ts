import { type Db, type FixedQuery, fixedQuery, type Queries, tables } from '#platform'
import type { AccountRow, CredentialRow, IdentityTables } from '../tables.ts'
import { type Credential, type Leaked, leakedOf, limitsOf } from './credential.ts'
import { type CredentialKind, kindOf } from './kinds.ts'

/** What a kind keeps of its secret. */
export interface KeptSecret {
  /** PHC string or SHA-256; absent for kinds without a hash. */
  readonly hash?: string
  /** Anything JSON; secrets in it are sealed under the credential's id. */
  readonly material?: unknown
  readonly counter?: number
}

export async function insertCredential(db: Db, credential: Credential, secret: KeptSecret): Promise<void> {
  await tables<IdentityTables>(db)
    .insertInto('identity_credentials')
    .values({
      id: credential.id,
      account_id: credential.accountId,
      kind: credential.kind,
      label: credential.label,
      secret_hash: secret.hash ?? credential.id,
      material: secret.material === undefined ? null : JSON.stringify(secret.material),
      fingerprint: credential.fingerprint ?? null,
      counter: secret.counter ?? null,
      is_second: credential.isSecond ? 1 : 0,
      factors: credential.factors,
      permissions: JSON.stringify(credential.permissions),
      networks: JSON.stringify(credential.networks),
      regions: JSON.stringify(credential.regions),
      expires_at: credential.expiresAt ?? null,
      opened_by: credential.openedBy ?? null,
      created_at: credential.createdAt,
      secret_set_at: credential.secretSetAt,
      last_used_at: null,
      last_used_address: null,
      last_used_region: null,
      last_used_client: null,
      revoked_at: null,
    })
    .execute()
}

/** Whose a credential is, as far as proving it needs. */
export interface Owner {
  readonly id: string
  readonly handle: string
  readonly state: string
  /** Milliseconds since the epoch, of a suspended account. */
  readonly suspendedUntil: number | undefined
}

/** A credential with its owner and what its kind verifies with. */
export interface StoredCredential {
  readonly account: Owner
  readonly credential: Credential
  readonly hash: string
  /** As its kind wrote it. */
  readonly material: unknown
  readonly counter: number | undefined
}

/** Which stored credentials a proof may be of. */
export type CandidateChoice =
  | { readonly id: string }
  | { readonly handle: string; readonly kinds: readonly CredentialKind[] }
  | { readonly accountId: string; readonly kinds: readonly CredentialKind[] }
  | { readonly fingerprint: string; readonly kind: CredentialKind }

const mostCandidates = 50

/**
 * Unrevoked credentials with their owners, oldest first, at most 50; one query whatever is found. Disabled accounts and
 * expired credentials are among them: the caller judges.
 */
export async function findCandidates(db: Db, choice: CandidateChoice): Promise<readonly StoredCredential[]> {
  return (await candidateRows(db, choice)).map((row) => ({
    account: ownerOf(row),
    credential: credentialOf(row),
    hash: row.secret_hash,
    material: row.material === null ? undefined : (JSON.parse(row.material) as unknown),
    counter: row.counter ?? undefined,
  }))
}

async function candidateRows(db: Db, choice: CandidateChoice): Promise<readonly OwnedRow[]> {
  if ('id' in choice) return (await candidatesById(db, choice)).rows
  if ('fingerprint' in choice) {
    const { fingerprint, kind } = choice
    const query = candidates(tables<IdentityTables>(db)).where('c.fingerprint', '=', fingerprint)
    return query.where('c.kind', '=', kind).execute()
  }
  if ('handle' in choice) return (await candidatesByHandle(choice.kinds)(db, choice)).rows
  const query = candidates(tables<IdentityTables>(db)).where('c.kind', 'in', [...choice.kinds])
  return query.where('c.account_id', '=', choice.accountId).execute()
}

function candidates(queries: Queries<IdentityTables>) {
  return queries
    .selectFrom('identity_credentials as c')
    .innerJoin('identity_accounts as a', 'a.id', 'c.account_id')
    .selectAll('c')
    .select(['a.handle', 'a.state', 'a.suspended_until'])
    .where('c.revoked_at', 'is', null)
    .orderBy('c.id')
    .limit(mostCandidates)
}

const candidatesById = fixedQuery((queries: Queries<IdentityTables>, { id }: { readonly id: string }) =>
  candidates(queries).where('c.id', '=', id),
)

/** One for the kinds of each way to sign in: they are part of its text. */
function candidatesByHandle(kinds: readonly CredentialKind[]): FixedQuery<{ readonly handle: string }, OwnedRow> {
  const name = kinds.join()
  const query =
    byHandle.get(name) ??
    fixedQuery((queries: Queries<IdentityTables>, { handle }: { readonly handle: string }) =>
      candidates(queries).where('a.handle', '=', handle).where('c.kind', 'in', kinds),
    )
  byHandle.set(name, query)
  return query
}

const byHandle = new Map<string, FixedQuery<{ readonly handle: string }, OwnedRow>>()

/** Moves a counter forward; false when it stands there already or further: somebody else was first. */
export async function advanceCounter(db: Db, id: string, counter: number): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .updateTable('identity_credentials')
    .set({ counter })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where((e) => e.or([e('counter', 'is', null), e('counter', '<', counter)]))
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Puts another secret in the place of the present one; limits stay. False when it is revoked. */
export async function resetSecret(
  db: Db,
  id: string,
  secret: KeptSecret & { readonly fingerprint?: string | undefined },
  now: number,
): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .updateTable('identity_credentials')
    .set({
      secret_hash: secret.hash ?? id,
      material: secret.material === undefined ? null : JSON.stringify(secret.material),
      fingerprint: secret.fingerprint ?? null,
      counter: secret.counter ?? null,
      secret_set_at: now,
    })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Notes that a password has leaked, or that it opened its one session since. Undone by every new secret. */
export async function noteLeaked(db: Db, id: string, leaked: Leaked): Promise<void> {
  await tables<IdentityTables>(db)
    .updateTable('identity_credentials')
    .set({ material: JSON.stringify({ leaked }) })
    .where('id', '=', id)
    .where('kind', '=', 'password')
    .execute()
}

export async function renameCredential(db: Db, id: string, label: string): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .updateTable('identity_credentials')
    .set({ label })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Sets a password's new hash; `previous` guards against a change made meanwhile. */
export async function replaceSecret(
  db: Db,
  id: string,
  secretHash: string,
  previous: string | undefined,
  setAt: number | undefined,
): Promise<boolean> {
  let update = tables<IdentityTables>(db)
    .updateTable('identity_credentials')
    .set(setAt === undefined ? { secret_hash: secretHash } : { secret_hash: secretHash, secret_set_at: setAt })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
  if (previous !== undefined) update = update.where('secret_hash', '=', previous)
  return (await update.executeTakeFirst()).numUpdatedRows === 1n
}

/** How many standing passwords have hashes that begin with the same seven letters: `$argon2`, `$2b$10$`. Reads them all. */
export function countPasswordForms(db: Db): Promise<readonly { readonly form: string; readonly count: number }[]> {
  return tables<IdentityTables>(db)
    .selectFrom('identity_credentials')
    .select((e) => e.fn<string>('substr', ['secret_hash', e.lit(1), e.lit(7)]).as('form'))
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('kind', '=', 'password')
    .where('revoked_at', 'is', null)
    .groupBy('form')
    .orderBy('form')
    .execute()
}

export async function findCredential(db: Db, id: string): Promise<Credential | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_credentials')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && credentialOf(row)
}

/**
 * Unrevoked ones, oldest first; expired ones are shown until somebody removes them.
 *
 * @param kind absent: every kind
 */
export async function listCredentials(
  db: Db,
  accountId: string,
  kind?: CredentialKind,
): Promise<readonly Credential[]> {
  const { rows } = await (kind === undefined ? allCredentials(db, { accountId }) : ofOneKind(db, { accountId, kind }))
  return rows.map(credentialOf)
}

const allCredentials = fixedQuery((queries: Queries<IdentityTables>, { accountId }: { readonly accountId: string }) =>
  standing(queries).where('account_id', '=', accountId),
)

const ofOneKind = fixedQuery(
  (queries: Queries<IdentityTables>, { accountId, kind }: { readonly accountId: string; readonly kind: string }) =>
    standing(queries).where('account_id', '=', accountId).where('kind', '=', kind),
)

function standing(queries: Queries<IdentityTables>) {
  return queries.selectFrom('identity_credentials').selectAll().where('revoked_at', 'is', null).orderBy('id')
}

/** Ids of an account's credentials, revoked ones too, newest first. */
export async function listAllCredentialIds(db: Db, accountId: string, limit: number): Promise<readonly string[]> {
  const rows = await tables<IdentityTables>(db)
    .selectFrom('identity_credentials')
    .select('id')
    .where('account_id', '=', accountId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

/** Every unrevoked token that was made on purpose, not by a sign-in, with its owner's handle; oldest first. */
export async function allMadeTokens(
  db: Db,
): Promise<readonly { readonly credential: Credential; readonly handle: string }[]> {
  const rows = await tables<IdentityTables>(db)
    .selectFrom('identity_credentials as c')
    .innerJoin('identity_accounts as a', 'a.id', 'c.account_id')
    .selectAll('c')
    .select('a.handle')
    .where('c.kind', '=', 'token')
    .where('c.revoked_at', 'is', null)
    .where('c.opened_by', 'is', null)
    .where('a.state', '!=', 'deleted')
    .orderBy('c.id')
    .execute()
  return rows.map((row) => ({ credential: credentialOf(row), handle: row.handle }))
}

/** A token, revoked ones too. Revocation, state and expiry are the caller's to judge. */
export async function findTokenEvenRevoked(
  db: Db,
  secretHash: string,
): Promise<{ readonly credential: Credential; readonly account: Owner } | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_credentials as c')
    .innerJoin('identity_accounts as a', 'a.id', 'c.account_id')
    .selectAll('c')
    .select(['a.handle', 'a.state', 'a.suspended_until'])
    .where('c.secret_hash', '=', secretHash)
    .where('c.kind', '=', 'token')
    .executeTakeFirst()
  return row && { credential: credentialOf(row), account: ownerOf(row) }
}

/**
 * Which credentials a revocation concerns. `signInsOf`: an account's tokens that a sign-in opened, for the command line. `tokensOf`: those, and
 * the ones made by hand.
 */
export type CredentialChoice =
  | { readonly id: string }
  | { readonly accountId: string }
  | { readonly openedBy: string }
  | { readonly signInsOf: string; readonly except?: string | undefined }
  | { readonly tokensOf: string; readonly except?: string | undefined }

/** Answers how many were revoked. */
export async function revokeCredentials(db: Db, which: CredentialChoice, now: number): Promise<number> {
  const update = tables<IdentityTables>(db)
    .updateTable('identity_credentials')
    .set({ revoked_at: now })
    .where('revoked_at', 'is', null)
  return Number((await chosen().executeTakeFirst()).numUpdatedRows)

  function chosen() {
    if ('id' in which) return update.where('id', '=', which.id)
    if ('accountId' in which) return update.where('account_id', '=', which.accountId)
    if ('openedBy' in which) return update.where('opened_by', '=', which.openedBy)
    const some =
      'tokensOf' in which
        ? update.where('account_id', '=', which.tokensOf).where('kind', '=', 'token')
        : update.where('account_id', '=', which.signInsOf).where('opened_by', 'is not', null)
    return which.except === undefined ? some : some.where('id', '!=', which.except)
  }
}

/** Takes the secrets of a deleted account out of the database. Token hashes go with their rows' revocation kept. */
export async function forgetSecrets(db: Db, accountId: string): Promise<void> {
  const rows = tables<IdentityTables>(db)
  await rows
    .updateTable('identity_credentials')
    .set((e) => ({ secret_hash: e.ref('id'), material: null, fingerprint: null }))
    .where('account_id', '=', accountId)
    .execute()
  await rows
    .deleteFrom('identity_recovery_codes')
    .where('credential_id', 'in', (e) =>
      e.selectFrom('identity_credentials').select('id').where('account_id', '=', accountId),
    )
    .execute()
}

/** One use, as lists show the last. Times in milliseconds since the epoch. */
export interface Use {
  readonly at: number
  readonly address: string | undefined
  readonly region?: string | undefined
  /** As the program calls itself. */
  readonly client?: string | undefined
}

/** Moves the last use forward, never back. */
export async function noteCredentialUse(db: Db, id: string, use: Use): Promise<void> {
  await useNoted(db, { id, ...use })
}

const useNoted = fixedQuery(
  (queries: Queries<IdentityTables>, { id, at, address, region, client }: Use & { readonly id: string }) =>
    queries
      .updateTable('identity_credentials')
      .set({
        last_used_at: at,
        last_used_address: address ?? null,
        last_used_region: region ?? null,
        last_used_client: client ?? null,
      })
      .where('id', '=', id)
      .where((e) => e.or([e('last_used_at', 'is', null), e('last_used_at', '<', at)])),
)

type OwnedRow = CredentialRow & Pick<AccountRow, 'handle' | 'state' | 'suspended_until'>

function ownerOf({ account_id: id, handle, state, suspended_until: until }: OwnedRow): Owner {
  return { id, handle, state, suspendedUntil: until ?? undefined }
}

function credentialOf(row: CredentialRow): Credential {
  return {
    id: row.id,
    accountId: row.account_id,
    kind: kindOf(row.kind),
    label: row.label,
    ...limitsOf(row),
    isSecond: row.is_second === 1,
    factors: row.factors === 2 ? 2 : 1,
    fingerprint: row.fingerprint ?? undefined,
    openedBy: row.opened_by ?? undefined,
    leaked: leakedOf(row),
    createdAt: row.created_at,
    secretSetAt: row.secret_set_at,
    lastUsedAt: row.last_used_at ?? undefined,
    lastUsedAddress: row.last_used_address ?? undefined,
    lastUsedRegion: row.last_used_region ?? undefined,
    lastUsedClient: row.last_used_client ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
  }
}
