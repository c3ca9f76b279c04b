import type { PrincipalRef } from '#kit'
import { type Db, tables } from '#platform'
import type { IdentityTables, LinkRow } from '../tables.ts'

/** `join`: an address that wants to. `recovery`: a new first factor. `address`: reads mail to it. */
export type LinkKind = 'join' | 'recovery' | 'address'

/** A one-time link that was sent or shown. */
export interface Link {
  /** SHA-256 of its token. */
  readonly hash: string
  readonly kind: LinkKind
  readonly accountId: string | undefined
  /** The address it was sent to, or is about. */
  readonly email: string | undefined
  /** Absent: the person asked for it. */
  readonly maker: PrincipalRef | undefined
  readonly secondFactors: boolean
  /** What the account held when it was made: it opens nothing more. */
  readonly holdings: string | undefined
  readonly createdAt: number
  readonly expiresAt: number
}

export async function insertLink(db: Db, link: Link): Promise<void> {
  await tables<IdentityTables>(db)
    .insertInto('identity_links')
    .values({
      hash: link.hash,
      kind: link.kind,
      account_id: link.accountId ?? null,
      email: link.email ?? null,
      maker: link.maker === undefined ? null : JSON.stringify(link.maker),
      second_factors: link.secondFactors ? 1 : 0,
      holdings: link.holdings ?? null,
      created_at: link.createdAt,
      expires_at: link.expiresAt,
    })
    .execute()
}

/** Of that kind and not yet expired. */
export async function findLink(db: Db, kind: LinkKind, hash: string, now: number): Promise<Link | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_links')
    .selectAll()
    .where('hash', '=', hash)
    .where('kind', '=', kind)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row && linkOf(row)
}

/** Uses a link up; of two at once one does. */
export async function takeLink(db: Db, hash: string): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .deleteFrom('identity_links')
    .where('hash', '=', hash)
    .executeTakeFirst()
  return result.numDeletedRows === 1n
}

/** All of an account's of one kind. */
export async function dropLinks(db: Db, accountId: string, kind: LinkKind): Promise<void> {
  await tables<IdentityTables>(db)
    .deleteFrom('identity_links')
    .where('account_id', '=', accountId)
    .where('kind', '=', kind)
    .execute()
}

export async function forgetLinks(db: Db, now: number): Promise<void> {
  await tables<IdentityTables>(db).deleteFrom('identity_links').where('expires_at', '<', now).execute()
}

function linkOf(row: LinkRow): Link {
  return {
    hash: row.hash,
    kind: row.kind as LinkKind,
    accountId: row.account_id ?? undefined,
    email: row.email ?? undefined,
    maker: row.maker === null ? undefined : (JSON.parse(row.maker) as PrincipalRef),
    secondFactors: row.second_factors === 1,
    holdings: row.holdings ?? undefined,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}
