import { type Db, tables } from '#platform'

interface Tables {
  readonly gateway_rate_uses: {
    /** Route and caller. */
    readonly name: string
    /** When the bucket will be full again, in microseconds of the database's time. */
    readonly full_at: number
    /** Of the last report; the statement that adds one finds the new one here. */
    readonly cost: number
  }
}

/** What one node took of one bucket. Times in microseconds. */
export interface Used {
  readonly name: string
  /** What the uses cost: uses times the interval. */
  readonly cost: number
  /** How long ago the first of them was. */
  readonly age: number
}

/**
 * Adds uses and answers, by name, in how many microseconds each bucket will be full, the uses of every node counted. In one
 * statement, on the database's time, so that nodes whose clocks differ agree.
 */
export async function addUses(db: Db, used: readonly Used[]): Promise<ReadonlyMap<string, number>> {
  const { rows } = await tables<Tables>(db).raw<{ readonly name: string; readonly left: number }>(
    addStatements[db.dialect],
    // one order for all nodes: two that add to the same buckets must not wait for each other
    [JSON.stringify(used.toSorted((one, other) => (one.name < other.name ? -1 : 1)))],
  )
  return new Map(rows.map(({ name, left }) => [name, left]))
}

const clocks = {
  postgres: '(extract(epoch from transaction_timestamp()) * 1000000)::bigint',
  sqlite: `cast(unixepoch('subsec') * 1000000 as integer)`,
} as const

const addStatements = {
  postgres: addStatement(
    clocks.postgres,
    'json_to_recordset($1::json) as used(name text, cost bigint, age bigint)',
    'greatest',
  ),
  // what follows an upsert's `from` must not look like a join
  sqlite: addStatement(
    clocks.sqlite,
    `(select value ->> 'name' as name, value ->> 'cost' as cost, value ->> 'age' as age from json_each(?)) as used where true`,
    'max',
  ),
} as const

function addStatement(clock: string, used: string, later: string): string {
  return `insert into gateway_rate_uses as known (name, full_at, cost)
  select name, ${clock} - age + cost, cost from ${used}
  on conflict (name) do update
    set full_at = ${later}(known.full_at, excluded.full_at - excluded.cost) + excluded.cost, cost = excluded.cost
  returning name, full_at - ${clock} as "left"`
}

/** Forgets buckets that are full: they say nothing. */
export async function forgetFull(db: Db): Promise<void> {
  await tables<Tables>(db).raw(`delete from gateway_rate_uses where full_at < ${clocks[db.dialect]}`, [])
}
