import { type Db, tables } from '#platform'
import type { IdentityTables } from './tables.ts'
import type { ThrottleState } from './throttle-rule.ts'

export interface KeptThrottle extends ThrottleState {
  readonly mac: string
  readonly forgottenAt: number
}

/** Those of the named that are kept, by name; one query however many. */
export async function readThrottles(db: Db, macs: readonly string[]): Promise<ReadonlyMap<string, ThrottleState>> {
  const rows = await tables<IdentityTables>(db)
    .selectFrom('identity_throttles')
    .select(['mac', 'attempts', 'delayed_until', 'settled_at'])
    .where('mac', 'in', [...macs])
    .execute()
  return new Map(
    rows.map((row) => [row.mac, { attempts: row.attempts, until: row.delayed_until, settledAt: row.settled_at }]),
  )
}

/** Writes all in one statement. Sorted, so that two nodes take PostgreSQL's row locks in one order. */
export async function writeThrottles(db: Db, kept: readonly KeptThrottle[]): Promise<void> {
  await tables<IdentityTables>(db)
    .insertInto('identity_throttles')
    .values(
      kept
        .toSorted((a, b) => (a.mac < b.mac ? -1 : 1))
        .map((one) => ({
          mac: one.mac,
          attempts: one.attempts,
          delayed_until: one.until,
          settled_at: one.settledAt,
          forgotten_at: one.forgottenAt,
        })),
    )
    .onConflict((conflict) =>
      conflict.column('mac').doUpdateSet((e) => ({
        attempts: e.ref('excluded.attempts'),
        delayed_until: e.ref('excluded.delayed_until'),
        settled_at: e.ref('excluded.settled_at'),
        forgotten_at: e.ref('excluded.forgotten_at'),
      })),
    )
    .execute()
}

export async function forgetThrottles(db: Db, before: number): Promise<number> {
  const result = await tables<IdentityTables>(db)
    .deleteFrom('identity_throttles')
    .where('forgotten_at', '<', before)
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}
