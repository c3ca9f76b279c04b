import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '#platform/testing'
import { platformMigrations } from '../migrations/index.ts'
import type { Database, Migration, RoomMigrations } from './database.ts'
import { tables } from './handle.ts'
import { sql } from './kysely.ts'

function step(id: string, ...statements: string[]): Migration {
  return { id, statements: () => statements }
}

function room(...migrations: Migration[]): RoomMigrations[] {
  return [platformMigrations, { room: 'sample', migrations }]
}

const things = step('0001-things', 'create table sample_things (id text primary key)')
const sizes = step('0002-sizes', 'alter table sample_things add column size integer')

async function applied(database: Database): Promise<string[]> {
  const rows = await tables<{ platform_migrations: { room: string; id: string } }>(database.db)
    .selectFrom('platform_migrations')
    .select('id')
    .where('room', '=', 'sample')
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}

eachDialect((_dialect, open) => {
  test('what is missing is applied, once', async (t) => {
    const database = await open(t, { migrate: false })
    await database.migrate(room(things))
    await database.migrate(room(things))
    await database.migrate(room(things, sizes))
    assert.deepEqual(await applied(database), ['0001-things', '0002-sizes'])
  })

  test('a step that fails leaves nothing of itself, and what came before', async (t) => {
    const database = await open(t, { migrate: false })
    const broken = step('0002-broken', 'create table sample_other (id text)', 'create table sample_things (id text)')
    await assert.rejects(database.migrate(room(things, broken)))
    assert.deepEqual(await applied(database), ['0001-things'])
    await database.migrate(room(things, step('0002-other', 'create table sample_other (id text)')))
    assert.deepEqual(await applied(database), ['0001-things', '0002-other'])
  })

  test('a database that a newer version used is refused, untouched', async (t) => {
    const database = await open(t, { migrate: false })
    await database.migrate(room(things, sizes))
    await assert.rejects(database.migrate(room(things)), (error: Error) => {
      assert.equal((error as { code?: string }).code, 'platform.database-newer')
      assert.match(error.message, /sample\/0002-sizes/)
      return true
    })
    assert.deepEqual(await applied(database), ['0001-things', '0002-sizes'])
  })

  test('a file of another program is refused, untouched', async (t) => {
    const database = await open(t, { migrate: false })
    if (database.dialect === 'postgres') return
    await database.tx((db) => sql.raw('create table notes (text text)').execute(tables(db)))
    await assert.rejects(database.migrate(room(things)), {
      code: 'platform.database-corrupt',
      message: /holds the table notes and nothing of Gatehouse/,
    })
    const found = await sql.raw<{ name: string }>('select name from sqlite_schema').execute(tables(database.db))
    assert.deepEqual(
      found.rows.map(({ name }) => name),
      ['notes'],
    )
  })

  test('a step that was changed after it was applied is refused', async (t) => {
    const database = await open(t, { migrate: false })
    await database.migrate(room(things))
    const changed = step('0001-things', 'create table sample_things (id text primary key, size integer)')
    await assert.rejects(database.migrate(room(changed)), { code: 'platform.migration-changed' })
  })

  test('a step slipped in before an applied one is refused', async (t) => {
    const database = await open(t, { migrate: false })
    await database.migrate(room(things, sizes))
    const early = step('0000-early', 'create table sample_early (id text)')
    await assert.rejects(database.migrate(room(early, things, sizes)), { code: 'platform.migration-changed' })
    assert.deepEqual(await applied(database), ['0001-things', '0002-sizes'])
  })

  test('all steps together wait for the disk once', async (t) => {
    const database = await open(t, { migrate: false })
    if (database.dialect === 'postgres') return
    const look = (name: string) =>
      step(name, `create table sample_${name} as select synchronous from pragma_synchronous`)
    const names = ['first', 'second', 'last']
    await database.migrate(room(...names.map(look)))
    const seen = names.map(async (name) => {
      const rows = await tables<Record<string, { synchronous: number }>>(database.db)
        .selectFrom(`sample_${name}`)
        .select('synchronous')
        .execute()
      return rows[0]?.synchronous
    })
    const [normal, full] = [1, 2]
    assert.deepEqual(await Promise.all(seen), [normal, normal, full])
  })

  test('two nodes that start at once migrate once', async (t) => {
    const place = await open.place(t)
    const nodes = [await open(t, { place, migrate: false }), await open(t, { place, migrate: false })]
    if (place.dialect === 'postgres') await Promise.all(nodes.map((node) => node.migrate(room(things, sizes))))
    else for (const node of nodes) await node.migrate(room(things, sizes))
    for (const node of nodes) assert.deepEqual(await applied(node), ['0001-things', '0002-sizes'])
  })
})
