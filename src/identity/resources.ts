import { isId, type Resource } from '#kit'
import type { Ctx, Db, PolicyContribution, ResourceLoader } from '#platform'
import { findAccount, findAccountIds, listAccountIds } from './account-store.ts'
import { findCredential } from './credentials/credential-store.ts'
import { fail } from './errors.ts'
import { findSessionById } from './session-store.ts'

/** What policies see of this room: accounts, and what belongs to one. */
export const identityPolicies: PolicyContribution = {
  schema: `namespace Identity {
  @permission("accounts")
  entity Account;
  @permission("sessions credentials tokens")
  entity Belonging in [Account];
}
`,
  policies: `@id("identity:own-account")
permit (
  principal is Gatehouse::Account,
  action in [Gatehouse::Action::"accounts:read", Gatehouse::Action::"accounts:update"],
  resource is Identity::Account
)
when { resource has owner && resource.owner == principal.id };

@id("identity:own-belongings")
permit (
  principal is Gatehouse::Account,
  action in [
    Gatehouse::Action::"sessions:open",
    Gatehouse::Action::"sessions:read",
    Gatehouse::Action::"sessions:end",
    Gatehouse::Action::"tokens:read",
    Gatehouse::Action::"tokens:create",
    Gatehouse::Action::"tokens:revoke",
    Gatehouse::Action::"credentials:read",
    Gatehouse::Action::"credentials:create",
    Gatehouse::Action::"credentials:revoke",
    Gatehouse::Action::"credentials:change"
  ],
  resource is Identity::Belonging
)
when { resource has owner && resource.owner == principal.id };
`,
}

/** Sessions, tokens and credentials are found by their own id, or all of an account's at once by the account's. */
export const identityResources: readonly ResourceLoader[] = [
  {
    permissionType: 'accounts',
    async load(id, db) {
      const account = await findAccount(db, id)
      return account && accountResource(account.id)
    },
    loadMany: async (ids, db) => new Map((await findAccountIds(db, ids)).map((id) => [id, accountResource(id)])),
    list: async (db, after, limit) => (await listAccountIds(db, after, limit)).map(accountResource),
    related: async (_, { id }) => [id],
  },
  { permissionType: 'sessions', load: (id, db) => belonging(id, db, sessionOwner) },
  { permissionType: 'tokens', load: (id, db) => belonging(id, db, credentialOwner) },
  { permissionType: 'credentials', load: (id, db) => belonging(id, db, credentialOwner) },
]

/** An account as a resource; nothing about it that policies see ever changes. */
export function accountResource(id: string): Resource {
  return { type: 'Identity::Account', id, attributes: {}, owner: id, revision: 0 }
}

/** Everything of one kind that belongs to an account. */
export function belongingsOf(accountId: string): Resource {
  const parents = [{ type: 'Identity::Account', id: accountId }]
  return { type: 'Identity::Belonging', id: accountId, attributes: {}, owner: accountId, parents, revision: 0 }
}

/** Why a route about oneself asks only that somebody is signed in. */
export const aboutCaller = 'about the caller’s own account, whose id the handler takes from the proof and then asks for'

/** The account that acts. @throws GateError `identity.needs-account` for every other kind of principal */
export function ownAccountId(ctx: Ctx): string {
  if (ctx.actor.principal.kind !== 'account') throw fail('identity.needs-account')
  return ctx.actor.principal.id
}

async function belonging(
  id: string,
  db: Db,
  ownerOf: (db: Db, id: string) => Promise<string | undefined>,
): Promise<Resource | undefined> {
  const account = isId('acc', id) ? (await findAccount(db, id))?.id : await ownerOf(db, id)
  return account === undefined ? undefined : { ...belongingsOf(account), id }
}

async function sessionOwner(db: Db, id: string): Promise<string | undefined> {
  return (await findSessionById(db, id))?.accountId
}

async function credentialOwner(db: Db, id: string): Promise<string | undefined> {
  return (await findCredential(db, id))?.accountId
}
