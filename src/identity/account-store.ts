import { foldAddress } from '#mail'
import { closeness, contains, type Db, tables } from '#platform'
import type { AccountRow, IdentityTables } from './tables.ts'

/** `suspended` is over at `suspendedUntil`, whether or not anybody has noted it: ask `stateAt`. */
export type AccountState = 'active' | 'disabled' | 'suspended' | 'deleted'

export type Standing = Exclude<AccountState, 'deleted'>

/** An account as this room holds it. Its id is its identity; handle and e-mail never are. */
export interface Account {
  readonly id: string
  readonly handle: string
  readonly displayName: string
  /** As typed. */
  readonly email: string | undefined
  /** When the person was found to read mail to it; absent: nobody knows. */
  readonly emailVerifiedAt: number | undefined
  readonly state: AccountState
  readonly suspendedUntil: number | undefined
  readonly revision: number
  readonly createdAt: number
  readonly updatedAt: number
}

/** Whether mail to the account reaches the person. */
export function isReachable(account: Account): account is Account & { readonly email: string } {
  return account.email !== undefined && account.emailVerifiedAt !== undefined
}

/** @throws a unique violation for a handle that is or was taken */
export async function insertAccount(db: Db, account: Account): Promise<void> {
  await tables<IdentityTables>(db)
    .insertInto('identity_accounts')
    .values({
      id: account.id,
      handle: account.handle,
      display_name: account.displayName,
      ...addressOf(account),
      state: account.state,
      suspended_until: account.suspendedUntil ?? null,
      search_text: searchText(account.handle, account.displayName, account.email),
      revision: account.revision,
      created_at: account.createdAt,
      updated_at: account.updatedAt,
      deleted_at: null,
    })
    .execute()
}

/** Tombstones included. */
export async function findAccount(db: Db, id: string): Promise<Account | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_accounts')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && accountOf(row)
}

/** A living account by its folded handle. */
export async function findAccountByHandle(db: Db, handle: string): Promise<Account | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_accounts')
    .selectAll()
    .where('handle', '=', handle)
    .where('state', '!=', 'deleted')
    .executeTakeFirst()
  return row && accountOf(row)
}

/** The living account whose verified address this is, however it is written. */
export async function findAccountByAddress(db: Db, email: string): Promise<Account | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_accounts')
    .selectAll()
    .where('email_key', '=', foldAddress(email))
    .where('state', '!=', 'deleted')
    .executeTakeFirst()
  return row && accountOf(row)
}

/** Whether the handle is or was an account's. */
export async function isHandleTaken(db: Db, handle: string): Promise<boolean> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_accounts')
    .select('id')
    .where('handle', '=', handle)
    .executeTakeFirst()
  return row !== undefined
}

export interface AccountQuery {
  /** Lower-case text somewhere in handle, name or e-mail. */
  readonly text: string | undefined
  readonly state: Standing | undefined
  /** Handles after this one. */
  readonly after: string | undefined
  readonly limit: number
  /** No others than these ids. */
  readonly only?: readonly string[] | undefined
}

const searched = ['search_text']

/** Living accounts by handle. */
export async function listAccounts(db: Db, query: AccountQuery): Promise<readonly Account[]> {
  let rows = tables<IdentityTables>(db).selectFrom('identity_accounts').selectAll()
  rows = query.state === undefined ? rows.where('state', '!=', 'deleted') : rows.where('state', '=', query.state)
  if (query.after !== undefined) rows = rows.where('handle', '>', query.after)
  if (query.only !== undefined) rows = rows.where('id', 'in', query.only)
  if (query.text !== undefined) rows = rows.where(contains(searched, query.text))
  return (await rows.orderBy('handle').limit(query.limit).execute()).map(accountOf)
}

/** Living accounts with a text in handle, name or e-mail, or of that very id; the closest handle first. */
export async function searchAccounts(db: Db, text: string, limit: number): Promise<readonly Account[]> {
  const rows = await tables<IdentityTables>(db)
    .selectFrom('identity_accounts')
    .selectAll()
    .where('state', '!=', 'deleted')
    .where((where) => where.or([contains(searched, text), where('id', '=', text)]))
    .orderBy(closeness('handle', text))
    .orderBy('handle')
    .limit(limit)
    .execute()
  return rows.map(accountOf)
}

/** Which of these there are, deleted ones too. */
export async function findAccountIds(db: Db, ids: readonly string[]): Promise<readonly string[]> {
  const rows = tables<IdentityTables>(db).selectFrom('identity_accounts').select('id').where('id', 'in', ids)
  return (await rows.execute()).map(({ id }) => id)
}

/** Ids of living accounts, in their order. */
export async function listAccountIds(db: Db, after: string | undefined, limit: number): Promise<readonly string[]> {
  let rows = tables<IdentityTables>(db).selectFrom('identity_accounts').select('id').where('state', '!=', 'deleted')
  if (after !== undefined) rows = rows.where('id', '>', after)
  return (await rows.orderBy('id').limit(limit).execute()).map(({ id }) => id)
}

/** Replaces profile and state when `expected` is still the revision. */
export async function updateAccount(db: Db, account: Account, expected: number): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .updateTable('identity_accounts')
    .set({
      display_name: account.displayName,
      ...addressOf(account),
      state: account.state,
      suspended_until: account.suspendedUntil ?? null,
      search_text: account.state === 'deleted' ? '' : searchText(account.handle, account.displayName, account.email),
      revision: expected + 1,
      updated_at: account.updatedAt,
      deleted_at: account.state === 'deleted' ? account.updatedAt : null,
    })
    .where('id', '=', account.id)
    .where('revision', '=', expected)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Only a verified address is looked up by. */
function addressOf({ email, emailVerifiedAt }: Account) {
  const verified = email !== undefined && emailVerifiedAt !== undefined
  return {
    email: email ?? null,
    email_key: verified ? foldAddress(email) : null,
    email_verified_at: verified ? emailVerifiedAt : null,
  }
}

function searchText(handle: string, displayName: string, email: string | undefined): string {
  return [handle, displayName, email ?? ''].join('\n').toLowerCase()
}

const states = new Set(['active', 'disabled', 'suspended'])

function accountOf(row: AccountRow): Account {
  return {
    id: row.id,
    handle: row.handle,
    displayName: row.display_name,
    email: row.email ?? undefined,
    emailVerifiedAt: row.email_verified_at ?? undefined,
    state: states.has(row.state) ? (row.state as AccountState) : 'deleted',
    suspendedUntil: row.suspended_until ?? undefined,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
