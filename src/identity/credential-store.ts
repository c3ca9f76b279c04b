import { type Db, tables } from '#platform'
import { type Credential, type CredentialKind, limitsOf } from './credentials.ts'
import type { CredentialRow, IdentityTables } from './tables.ts'

export async function insertCredential(db: Db, credential: Credential, secretHash: string): Promise<void> {
  await tables<IdentityTables>(db)
    .insertInto('identity_credentials')
    .values({
      id: credential.id,
      account_id: credential.accountId,
      kind: credential.kind,
      label: credential.label,
      secret_hash: secretHash,
      permissions: JSON.stringify(credential.permissions),
      networks: JSON.stringify(credential.networks),
      regions: JSON.stringify(credential.regions),
      expires_at: credential.expiresAt ?? null,
      opened_by: credential.openedBy ?? null,
      created_at: credential.createdAt,
      secret_set_at: credential.secretSetAt,
      last_used_at: null,
      last_used_address: null,
      revoked_at: null,
    })
    .execute()
}

/** What a sign-in with a password is judged by. */
export interface PasswordProof {
  readonly account: { readonly id: string; readonly handle: string; readonly state: string }
  readonly credential: Credential
  /** PHC string. */
  readonly hash: string
}

/** The standing password of a folded handle; one query whatever is found, deleted and disabled accounts included. */
export async function findPassword(db: Db, handle: string): Promise<PasswordProof | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_accounts as a')
    .innerJoin('identity_credentials as c', 'c.account_id', 'a.id')
    .selectAll('c')
    .select(['a.handle', 'a.state'])
    .where('a.handle', '=', handle)
    .where('c.kind', '=', 'password')
    .where('c.revoked_at', 'is', null)
    .executeTakeFirst()
  return (
    row && {
      account: { id: row.account_id, handle: row.handle, state: row.state },
      credential: credentialOf(row),
      hash: row.secret_hash,
    }
  )
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

export async function findCredential(db: Db, id: string): Promise<Credential | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_credentials')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && credentialOf(row)
}

/** Unrevoked ones, oldest first; expired ones are shown until somebody removes them. */
export async function listCredentials(db: Db, accountId: string, kind: CredentialKind): Promise<readonly Credential[]> {
  const rows = await tables<IdentityTables>(db)
    .selectFrom('identity_credentials')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('kind', '=', kind)
    .where('revoked_at', 'is', null)
    .orderBy('id')
    .execute()
  return rows.map(credentialOf)
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

/** A token that stands: unrevoked, its account not deleted. State and expiry are the caller's to judge. */
export async function findTokenByHash(
  db: Db,
  secretHash: string,
): Promise<{ readonly credential: Credential; readonly handle: string; readonly state: string } | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_credentials as c')
    .innerJoin('identity_accounts as a', 'a.id', 'c.account_id')
    .selectAll('c')
    .select(['a.handle', 'a.state'])
    .where('c.secret_hash', '=', secretHash)
    .where('c.kind', '=', 'token')
    .where('c.revoked_at', 'is', null)
    .executeTakeFirst()
  return row && { credential: credentialOf(row), handle: row.handle, state: row.state }
}

/** Which credentials a revocation concerns. `signInsOf`: an account's tokens that a sign-in opened, for the command line. */
export type CredentialChoice =
  | { readonly id: string }
  | { readonly accountId: string }
  | { readonly openedBy: string }
  | { readonly signInsOf: string; readonly except?: string | undefined }

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
    const signIns = update.where('account_id', '=', which.signInsOf).where('opened_by', 'is not', null)
    return which.except === undefined ? signIns : signIns.where('id', '!=', which.except)
  }
}

/** Takes the secrets of a deleted account out of the database. Token hashes go with their rows' revocation kept. */
export async function forgetSecrets(db: Db, accountId: string): Promise<void> {
  const rows = tables<IdentityTables>(db)
  await rows
    .updateTable('identity_credentials')
    .set((e) => ({ secret_hash: e.ref('id') }))
    .where('account_id', '=', accountId)
    .execute()
}

export async function noteCredentialUse(db: Db, id: string, at: number, address: string | undefined): Promise<void> {
  await tables<IdentityTables>(db)
    .updateTable('identity_credentials')
    .set({ last_used_at: at, last_used_address: address ?? null })
    .where('id', '=', id)
    .where((e) => e.or([e('last_used_at', 'is', null), e('last_used_at', '<', at)]))
    .execute()
}

function credentialOf(row: CredentialRow): Credential {
  return {
    id: row.id,
    accountId: row.account_id,
    kind: row.kind === 'password' ? 'password' : 'token',
    label: row.label,
    ...limitsOf(row),
    openedBy: row.opened_by ?? undefined,
    createdAt: row.created_at,
    secretSetAt: row.secret_set_at,
    lastUsedAt: row.last_used_at ?? undefined,
    lastUsedAddress: row.last_used_address ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
  }
}
