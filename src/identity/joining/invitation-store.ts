import type { Actor } from '#kit'
import { type Db, tables } from '#platform'
import type { IdentityTables, InvitationRow } from '../tables.ts'

/** Whom an invitation acts as: who made it, with the limits of what they came through. */
export type Inviter = Pick<Actor, 'principal' | 'credential' | 'app' | 'grant'>

export type InvitationState = 'open' | 'expired' | 'accepted' | 'cancelled'

export interface Invitation {
  readonly id: string
  readonly inviter: Inviter
  /** Absent: whoever joins chooses. */
  readonly handle: string | undefined
  readonly displayName: string | undefined
  readonly email: string | undefined
  /** Names. */
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  /** As stored: an open one may have expired, see `stateAt`. */
  readonly settled: 'accepted' | 'cancelled' | undefined
  readonly accountId: string | undefined
  readonly createdAt: number
  readonly expiresAt: number
  readonly settledAt: number | undefined
}

export function invitationStateAt({ settled, expiresAt }: Invitation, now: number): InvitationState {
  return settled ?? (expiresAt <= now ? 'expired' : 'open')
}

/** Hashes of what opens it: one was shown, the other only sent. */
export interface InvitationHashes {
  readonly shown: string | undefined
  readonly mailed: string | undefined
}

export async function insertInvitation(db: Db, invitation: Invitation, hashes: InvitationHashes): Promise<void> {
  await tables<IdentityTables>(db)
    .insertInto('identity_invitations')
    .values({
      id: invitation.id,
      shown_hash: hashes.shown ?? null,
      mailed_hash: hashes.mailed ?? null,
      inviter: JSON.stringify(invitation.inviter),
      handle: invitation.handle ?? null,
      display_name: invitation.displayName ?? null,
      email: invitation.email ?? null,
      roles: JSON.stringify(invitation.roles),
      groups: JSON.stringify(invitation.groups),
      state: 'open',
      account_id: null,
      created_at: invitation.createdAt,
      expires_at: invitation.expiresAt,
      settled_at: null,
    })
    .execute()
}

export async function findInvitation(db: Db, id: string): Promise<Invitation | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_invitations')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row && invitationOf(row)
}

/** The invitation a token opens, and whether that token was only ever sent to its address. */
export async function findInvitationByHash(
  db: Db,
  hash: string,
): Promise<{ readonly invitation: Invitation; readonly wasMailed: boolean } | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_invitations')
    .selectAll()
    .where((e) => e.or([e('shown_hash', '=', hash), e('mailed_hash', '=', hash)]))
    .executeTakeFirst()
  return row && { invitation: invitationOf(row), wasMailed: row.mailed_hash === hash }
}

/** Newest first, those before `before`. */
export async function listInvitations(
  db: Db,
  { before, limit }: { readonly before?: string; readonly limit: number },
): Promise<readonly Invitation[]> {
  let query = tables<IdentityTables>(db).selectFrom('identity_invitations').selectAll()
  if (before !== undefined) query = query.where('id', '<', before)
  return (await query.orderBy('id', 'desc').limit(limit).execute()).map(invitationOf)
}

/** Gives an open one new hashes, end and inviter: what opened it before opens nothing. False when it is not open. */
export async function renewInvitation(
  db: Db,
  { id, inviter, expiresAt }: Pick<Invitation, 'id' | 'inviter' | 'expiresAt'>,
  hashes: InvitationHashes,
): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .updateTable('identity_invitations')
    .set({
      shown_hash: hashes.shown ?? null,
      mailed_hash: hashes.mailed ?? null,
      inviter: JSON.stringify(inviter),
      expires_at: expiresAt,
    })
    .where('id', '=', id)
    .where('state', '=', 'open')
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Settles an open one; of two at once one does. Its tokens are forgotten. */
export async function settleInvitation(
  db: Db,
  id: string,
  settled: { readonly state: 'accepted' | 'cancelled'; readonly accountId?: string; readonly at: number },
): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .updateTable('identity_invitations')
    .set({
      state: settled.state,
      account_id: settled.accountId ?? null,
      settled_at: settled.at,
      shown_hash: null,
      mailed_hash: null,
    })
    .where('id', '=', id)
    .where('state', '=', 'open')
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Removes what was settled, or ended, before `before`. */
export async function forgetInvitations(db: Db, before: number): Promise<void> {
  await tables<IdentityTables>(db)
    .deleteFrom('identity_invitations')
    .where((e) => e.or([e('settled_at', '<', before), e.and([e('state', '=', 'open'), e('expires_at', '<', before)])]))
    .execute()
}

function invitationOf(row: InvitationRow): Invitation {
  return {
    id: row.id,
    inviter: JSON.parse(row.inviter) as Inviter,
    handle: row.handle ?? undefined,
    displayName: row.display_name ?? undefined,
    email: row.email ?? undefined,
    roles: JSON.parse(row.roles) as readonly string[],
    groups: JSON.parse(row.groups) as readonly string[],
    settled: row.state === 'accepted' || row.state === 'cancelled' ? row.state : undefined,
    accountId: row.account_id ?? undefined,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    settledAt: row.settled_at ?? undefined,
  }
}
