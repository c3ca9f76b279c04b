import { type Db, fixedQuery, type Queries, tables } from '#platform'
import type { IdentityTables } from './tables.ts'
import type { ThrottleState } from './throttle-rule.ts'

export interface KeptThrottle extends ThrottleState {
  readonly mac: string
  readonly forgottenAt: number
}

/** Those of the named that are kept, by name; one query however many. */
export async function readThrottles(db: Db, macs: readonly string[]): Promise<ReadonlyMap<string, ThrottleState>> {
  const { rows } = await throttlesNamed(macs.length)(db, macs)
  return new Map(
    rows.map((row) => [row.mac, { attempts: row.attempts, until: row.delayed_until, settledAt: row.settled_at }]),
  )
}

/** Writes all in one statement. Sorted, so that two nodes take PostgreSQL's row locks in one order. */
export async function writeThrottles(db: Db, kept: readonly KeptThrottle[]): Promise<void> {
  const sorted = kept.toSorted((a, b) => (a.mac < b.mac ? -1 : 1))
  const values = sorted.flatMap((one) => [one.mac, one.attempts, one.until, one.settledAt, one.forgottenAt])
  await throttlesWritten(kept.length)(db, values)
}

const throttlesNamed = forEachCount((count) =>
  fixedQuery((queries: Queries<IdentityTables>, macs: readonly string[]) =>
    queries
      .selectFrom('identity_throttles')
      .select(['mac', 'attempts', 'delayed_until', 'settled_at'])
      .where('mac', 'in', firstOf(macs, count)),
  ),
)

const throttlesWritten = forEachCount((count) =>
  fixedQuery((queries: Queries<IdentityTables>, values: readonly (string | number)[]) => {
    const all = firstOf(values, count * 5)
    const rows = Array.from({ length: count }, (_, row) => {
      const [mac, attempts, until, settledAt, forgottenAt] = all.slice(row * 5) as [
        string,
        number,
        number,
        number,
        number,
      ]
      return { mac, attempts, delayed_until: until, settled_at: settledAt, forgotten_at: forgottenAt }
    })
    return queries
      .insertInto('identity_throttles')
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('mac').doUpdateSet((e) => ({
          attempts: e.ref('excluded.attempts'),
          delayed_until: e.ref('excluded.delayed_until'),
          settled_at: e.ref('excluded.settled_at'),
          forgotten_at: e.ref('excluded.forgotten_at'),
        })),
      )
  }),
)

/** Kept by how many there are: at most six. */
function forEachCount<Made>(make: (count: number) => Made): (count: number) => Made {
  const made = new Map<number, Made>()
  return (count) => {
    const known = made.get(count) ?? make(count)
    made.set(count, known)
    return known
  }
}

/** A list of marks has no length of its own. */
function firstOf<Value>(values: readonly Value[], count: number): Value[] {
  return Array.from({ length: count }, (_, index) => values[index] as Value)
}

export async function forgetThrottles(db: Db, before: number): Promise<number> {
  const result = await tables<IdentityTables>(db)
    .deleteFrom('identity_throttles')
    .where('forgotten_at', '<', before)
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}
