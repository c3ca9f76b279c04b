import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '../testing.ts'
import type { Db } from './database.ts'
import { prepared } from './dialect.ts'
import { tables } from './handle.ts'

const sums = {
  sqlite: prepared('select cast(? as integer) + cast(? as integer) as sum'),
  postgres: prepared('select cast($1 as bigint) + cast($2 as bigint) as sum'),
}

async function sum(db: Db, one: number, other: number): Promise<unknown> {
  const { rows } = await tables(db).raw<{ readonly sum: number }>(sums[db.dialect], [one, other])
  return rows[0]?.sum
}

eachDialect((dialect, open) => {
  test('a prepared statement answers each time anew, in transactions and outside, many at once', async (t) => {
    const database = await open(t)
    const asked = Array.from({ length: 30 }, (_, index) => index)
    assert.deepEqual(
      await Promise.all(asked.map((index) => sum(database.db, index, 1))),
      asked.map((index) => index + 1),
    )
    assert.deepEqual(
      await database.tx(async (db) => [await sum(db, 1, 2), await sum(db, 3, 4), await sum(database.db, 5, 6)]),
      [3, 7, 11],
    )
  })

  if (dialect === 'postgres')
    test('PostgreSQL keeps what was declared, and nothing else', async (t) => {
      const database = await open(t)
      const kept = await database.tx(async (db) => {
        await sum(db, 1, 2)
        await sum(db, 1, 2)
        await tables(db).raw('select 1 as one', [])
        return tables(db).raw<{ readonly statement: string }>('select statement from pg_prepared_statements', [])
      })
      assert.deepEqual(
        kept.rows.map(({ statement }) => statement),
        [sums.postgres],
      )
    })

  test('a statement that is declared twice is one', () => {
    assert.equal(prepared(sums[dialect]), sums[dialect])
  })
})
