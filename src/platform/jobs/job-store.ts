import type { RawBuilder } from 'kysely'
import type { Clock } from '../clock.ts'
import type { Db } from '../db/database.ts'
import { tables } from '../db/handle.ts'
import { sql } from '../db/kysely.ts'

interface JobTables {
  platform_jobs: { name: string; due_at: number; lease_until: number; token: number }
}

/**
 * The database's time in milliseconds, so that nodes whose clocks differ agree on a lease. SQLite has one node and no
 * time but ours.
 */
function databaseNow(db: Db, clock: Clock): RawBuilder<number> {
  return db.dialect === 'sqlite'
    ? sql<number>`${clock.now()}`
    : sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`
}

/** Makes a job known, due at once; a known one stays as it is. */
export async function addJob(db: Db, name: string): Promise<void> {
  await tables<JobTables>(db)
    .insertInto('platform_jobs')
    .values({ name, due_at: 0, lease_until: 0, token: 0 })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
}

/** Names among `names` that are due and not leased. Says nothing about a moment later: `claimJob` decides. */
export async function findDueJobs(db: Db, clock: Clock, names: readonly string[]): Promise<readonly string[]> {
  const now = databaseNow(db, clock)
  const rows = await tables<JobTables>(db)
    .selectFrom('platform_jobs')
    .select('name')
    .where('name', 'in', names)
    .where('due_at', '<=', now)
    .where('lease_until', '<=', now)
    .execute()
  return rows.map(({ name }) => name)
}

/**
 * Forgets the lease of a name that is never used again: what is still done under it can change nothing any more. In the
 * transaction that ends what it was for.
 */
export async function forgetLease(db: Db, name: string): Promise<void> {
  await tables<JobTables>(db).deleteFrom('platform_jobs').where('name', '=', name).execute()
}

/** Takes the lease of a due job. @returns its fencing token, larger than every one before; `undefined` when not to be had */
export async function claimJob(db: Db, clock: Clock, name: string, leaseMs: number): Promise<number | undefined> {
  const now = databaseNow(db, clock)
  const due = tables<JobTables>(db)
    .selectFrom('platform_jobs')
    .select('name')
    .where('name', '=', name)
    .where('due_at', '<=', now)
    .where('lease_until', '<=', now)
  // a row that another node is just taking is skipped, not waited for
  const claimable = db.dialect === 'postgres' ? due.forUpdate().skipLocked() : due
  const row = await tables<JobTables>(db)
    .updateTable('platform_jobs')
    .set((is) => ({ token: is('token', '+', 1), lease_until: sql<number>`${now} + ${sql.lit(leaseMs)}` }))
    .where('name', 'in', claimable)
    .returning('token')
    .executeTakeFirst()
  return row?.token
}

/** Extends a lease that is still ours, expired or not. @returns false when another took it */
export async function renewJob(
  db: Db,
  clock: Clock,
  lease: { readonly name: string; readonly token: number },
  leaseMs: number,
): Promise<boolean> {
  const { numUpdatedRows } = await tables<JobTables>(db)
    .updateTable('platform_jobs')
    .set({ lease_until: sql<number>`${databaseNow(db, clock)} + ${sql.lit(leaseMs)}` })
    .where('name', '=', lease.name)
    .where('token', '=', lease.token)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Gives a lease back; the job is due again after `everyMs`. Nothing happens when another node holds it by now. */
export async function finishJob(
  db: Db,
  clock: Clock,
  lease: { readonly name: string; readonly token: number },
  everyMs: number,
): Promise<void> {
  await tables<JobTables>(db)
    .updateTable('platform_jobs')
    .set({ lease_until: 0, due_at: sql<number>`${databaseNow(db, clock)} + ${sql.lit(everyMs)}` })
    .where('name', '=', lease.name)
    .where('token', '=', lease.token)
    .execute()
}

/** Whether the lease with this token is the newest one given. In the transaction of a change this fences the change. */
export async function holdsJob(
  db: Db,
  { name, token }: { readonly name: string; readonly token: number },
): Promise<boolean> {
  const row = await tables<JobTables>(db)
    .selectFrom('platform_jobs')
    .select('token')
    .where('name', '=', name)
    .where('token', '=', token)
    .executeTakeFirst()
  return row !== undefined
}

/** Ends what a killed process left leased. Only right where no other process can hold one: at the start on SQLite. */
export async function endLeases(db: Db): Promise<void> {
  await tables<JobTables>(db)
    .updateTable('platform_jobs')
    .set({ lease_until: 0 })
    .where('lease_until', '>', 0)
    .execute()
}
