import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '../testing.ts'
import type { Queries, RoomMigrations } from './database.ts'
import { fixedQuery } from './fixed-query.ts'
import { tables } from './handle.ts'

interface Tables {
  notes: { id: string; text: string | null; size: number }
}

const rooms: readonly RoomMigrations[] = [
  {
    room: 'notes',
    migrations: [
      {
        id: '0001-notes',
        statements: ({ text, int, strict }) => [
          `create table notes (id ${text} primary key, text ${text}, size ${int} not null) ${strict}`,
        ],
      },
    ],
  },
]

let builds = 0
const insertNote = fixedQuery<Tables, { id: string; text: string | undefined; size: number }, unknown>(
  (queries, { id, text, size }) => {
    builds += 1
    return queries
      .insertInto('notes')
      .values({ id, text: text ?? null, size })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ text: text ?? null, size }))
  },
)

const notesAbove = fixedQuery((queries: Queries<Tables>, { least }: { least: number }) =>
  queries
    .selectFrom('notes')
    .select(['id', 'text', 'size'])
    .where('size', '>=', least)
    .where('id', '!=', "hid'den")
    .orderBy('id')
    .limit(2),
)

eachDialect((dialect, open) => {
  test('a fixed query is built once and run with the values of each call, in transactions and outside', async (t) => {
    const database = await open(t, { rooms })
    const before = builds
    await database.tx(async (db) => {
      for (const [id, size] of [
        ['a', 1],
        ['b', 2],
        ["hid'den", 9],
        ['c', 3],
      ] as const) {
        await insertNote(db, { id, text: `of ${id}`, size })
      }
    })
    const { rows } = await notesAbove(database.db, { least: 2 })
    assert.deepEqual(rows, [
      { id: 'b', text: 'of b', size: 2 },
      { id: 'c', text: 'of c', size: 3 },
    ])
    assert.deepEqual(
      (await notesAbove(database.db, { least: 3 })).rows.map(({ id }) => id),
      ['c'],
    )
    await database.tx((db) => insertNote(db, { id: 'b', text: undefined, size: 7 }))
    assert.deepEqual((await notesAbove(database.db, { least: 7 })).rows, [{ id: 'b', text: null, size: 7 }])
    assert.equal(builds - before, 1)
  })

  test('what cannot be stored is refused as ever', async (t) => {
    const database = await open(t, { rooms })
    await assert.rejects(
      database.tx((db) => insertNote(db, { id: 'a\0b', text: 'x', size: 1 })),
      { code: 'platform.text-not-storable' },
    )
    await assert.rejects(
      database.tx((db) => insertNote(db, { id: 'a', text: { toString: () => 'x' } as unknown as string, size: 1 })),
      TypeError,
    )
  })

  if (dialect === 'sqlite')
    test('SQLite is told a limit in the text: bound, it would compile the statement at each run', async (t) => {
      const database = await open(t, { rooms })
      const { sql, parameters } = tables<Tables>(database.db).selectFrom('notes').select('id').limit(5).compile()
      assert.deepEqual([sql, parameters], ['select "id" from "notes" limit 5', []])
    })
  else
    test('PostgreSQL keeps the plan of a fixed query', async (t) => {
      const database = await open(t, { rooms })
      const kept = await database.tx(async (db) => {
        await notesAbove(db, { least: 1 })
        return tables(db).raw<{ readonly statement: string }>('select statement from pg_prepared_statements', [])
      })
      const [one, ...others] = kept.rows.filter(({ statement }) => /from "notes"/.test(statement))
      assert.match(one?.statement ?? '', /"size" >= \$1 and "id" != 'hid''den' order by "id" limit 2$/)
      assert.deepEqual(others, [])
    })
})
