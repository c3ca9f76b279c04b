import type { PrincipalRef } from '#kit'
import { type Db, tables } from '#platform'
import type { IdentityTables, SuspensionRow } from '../tables.ts'

/** A time an account was, or is, suspended. */
export interface Suspension {
  readonly id: string
  readonly accountId: string
  readonly reason: string
  readonly madeBy: PrincipalRef
  readonly fromAt: number
  readonly untilAt: number
  /** Who ended it; Gatehouse itself when its time was over. */
  readonly liftedBy: PrincipalRef | undefined
  readonly liftedAt: number | undefined
}

export async function insertSuspension(db: Db, suspension: Suspension): Promise<void> {
  await tables<IdentityTables>(db)
    .insertInto('identity_suspensions')
    .values({
      id: suspension.id,
      account_id: suspension.accountId,
      reason: suspension.reason,
      made_by: JSON.stringify(suspension.madeBy),
      from_at: suspension.fromAt,
      until_at: suspension.untilAt,
      lifted_by: null,
      lifted_at: null,
    })
    .execute()
}

/** Newest first. */
export async function listSuspensions(db: Db, accountId: string, limit: number): Promise<readonly Suspension[]> {
  const rows = await tables<IdentityTables>(db)
    .selectFrom('identity_suspensions')
    .selectAll()
    .where('account_id', '=', accountId)
    .orderBy('from_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(suspensionOf)
}

/** Those in force, by account. */
export async function openSuspensions(db: Db): Promise<ReadonlyMap<string, Suspension>> {
  const rows = await tables<IdentityTables>(db)
    .selectFrom('identity_suspensions as s')
    .innerJoin('identity_accounts as a', 'a.id', 's.account_id')
    .selectAll('s')
    .where('a.state', '=', 'suspended')
    .where('s.lifted_at', 'is', null)
    .execute()
  return new Map(rows.map((row) => [row.account_id, suspensionOf(row)]))
}

/** Ends what is in force of an account. */
export async function liftSuspensions(db: Db, accountId: string, by: PrincipalRef, now: number): Promise<void> {
  const { kind, id, name } = by
  await tables<IdentityTables>(db)
    .updateTable('identity_suspensions')
    .set({ lifted_by: JSON.stringify({ kind, id, name }), lifted_at: now })
    .where('account_id', '=', accountId)
    .where('lifted_at', 'is', null)
    .execute()
}

/** Suspended accounts whose time is over. */
export async function findOverSuspensions(db: Db, now: number, limit: number): Promise<readonly string[]> {
  const rows = await tables<IdentityTables>(db)
    .selectFrom('identity_accounts')
    .select('id')
    .where('state', '=', 'suspended')
    .where('suspended_until', '<=', now)
    .limit(limit)
    .execute()
  return rows.map(({ id }) => id)
}

function suspensionOf(row: SuspensionRow): Suspension {
  return {
    id: row.id,
    accountId: row.account_id,
    reason: row.reason,
    madeBy: JSON.parse(row.made_by) as PrincipalRef,
    fromAt: row.from_at,
    untilAt: row.until_at,
    liftedBy: row.lifted_by === null ? undefined : (JSON.parse(row.lifted_by) as PrincipalRef),
    liftedAt: row.lifted_at ?? undefined,
  }
}
