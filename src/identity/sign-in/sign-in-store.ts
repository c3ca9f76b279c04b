import { type Db, tables } from '#platform'
import type { IdentityTables } from '../tables.ts'

/** @throws unique violation when it was used before */
export async function insertUsedChallenge(db: Db, nonce: string, expiresAt: number): Promise<void> {
  await tables<IdentityTables>(db)
    .insertInto('identity_used_challenges')
    .values({ nonce, expires_at: expiresAt })
    .execute()
}

/** A sign-in that waits for another factor. */
export interface HalfSignIn {
  readonly id: string
  readonly accountId: string
  /** What was proved, in that order. */
  readonly proven: readonly [string, ...string[]]
  readonly demand: Demand
  readonly attemptsLeft: number
  readonly expiresAt: number
}

/** What a sign-in must prove as a whole. */
export interface Demand {
  readonly factors: 1 | 2
  readonly phishingResistant: boolean
}

export async function insertSignIn(db: Db, half: HalfSignIn, tokenHash: string, now: number): Promise<void> {
  await tables<IdentityTables>(db)
    .insertInto('identity_sign_ins')
    .values({
      id: half.id,
      token_hash: tokenHash,
      account_id: half.accountId,
      credential_id: half.proven[0],
      further: half.proven.length === 1 ? null : JSON.stringify(half.proven.slice(1)),
      demanded: JSON.stringify(half.demand),
      attempts_left: half.attemptsLeft,
      created_at: now,
      expires_at: half.expiresAt,
    })
    .execute()
}

/** Unexpired and with attempts left. */
export async function findSignIn(db: Db, tokenHash: string, now: number): Promise<HalfSignIn | undefined> {
  const row = await tables<IdentityTables>(db)
    .selectFrom('identity_sign_ins')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('expires_at', '>', now)
    .where('attempts_left', '>', 0)
    .executeTakeFirst()
  return (
    row && {
      id: row.id,
      accountId: row.account_id,
      proven: [row.credential_id, ...(row.further === null ? [] : (JSON.parse(row.further) as readonly string[]))],
      demand: JSON.parse(row.demanded) as Demand,
      attemptsLeft: row.attempts_left,
      expiresAt: row.expires_at,
    }
  )
}

/** Takes one attempt; false when none is left. */
export async function takeSignInAttempt(db: Db, id: string): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .updateTable('identity_sign_ins')
    .set((e) => ({ attempts_left: e('attempts_left', '-', 1) }))
    .where('id', '=', id)
    .where('attempts_left', '>', 0)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Removes it; false when it was completed or removed before. */
export async function removeSignIn(db: Db, id: string): Promise<boolean> {
  const result = await tables<IdentityTables>(db)
    .deleteFrom('identity_sign_ins')
    .where('id', '=', id)
    .executeTakeFirst()
  return result.numDeletedRows === 1n
}

/** Removes half sign-ins and used challenges that ended before `now`. */
export async function forgetSignIns(db: Db, now: number): Promise<void> {
  const rows = tables<IdentityTables>(db)
  await rows.deleteFrom('identity_sign_ins').where('expires_at', '<', now).execute()
  await rows.deleteFrom('identity_used_challenges').where('expires_at', '<', now).execute()
}
