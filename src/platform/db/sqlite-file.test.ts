import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'kysely'
import { fakeClock, memoryLog } from '#platform/testing'
import { GateError } from '../errors.ts'
import { platformMigrations } from '../migrations/index.ts'
import { tables, touch } from './handle.ts'
import { openSqlite } from './sqlite.ts'

function newPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-file-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'gatehouse.db')
}

async function open(t: TestContext, path: string) {
  const database = await openSqlite({ path, clock: fakeClock(), log: memoryLog() })
  t.after(() => database.close())
  return database
}

async function made(t: TestContext): Promise<string> {
  const path = newPath(t)
  const database = await open(t, path)
  await database.migrate([platformMigrations])
  await database.close()
  return path
}

function refusedAs(code: string, path: string) {
  return (error: Error) => {
    assert.equal((error as { code?: string }).code, code)
    assert.ok(error.message.startsWith(path), error.message)
    return true
  }
}

test('the file and its journals are for the owner alone, also when it was not', async (t) => {
  const path = newPath(t)
  writeFileSync(path, '', { mode: 0o644 })
  chmodSync(path, 0o644)
  const database = await open(t, path)
  await database.migrate([platformMigrations])
  for (const file of [path, `${path}-wal`, `${path}-shm`]) assert.equal(statSync(file).mode & 0o777, 0o600, file)
})

test('a commit is synced before it is acknowledged, and references are enforced', async (t) => {
  const database = await open(t, newPath(t))
  const settings: unknown[] = []
  await database.tx(async (db) => {
    for (const name of ['synchronous', 'foreign_keys', 'journal_mode', 'trusted_schema']) {
      const { rows } = await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(tables(db))
      settings.push(rows[0]?.[name])
    }
  })
  assert.deepEqual(settings, [2, 1, 'wal', 0])
})

test('no statement rewrites the schema underneath', async (t) => {
  const path = await made(t)
  const database = await open(t, path)
  const run = (...statements: readonly string[]) =>
    database.tx(async (db) => {
      for (const statement of statements) await sql.raw(statement).execute(tables(db))
    })
  await run('create table sample_things (id text) strict')
  const rewritten = "update sqlite_schema set sql = 'create table sample_things (id)' where name = 'sample_things'"
  await assert.rejects(run('pragma writable_schema = on', rewritten))
})

test('only a group of transactions that all leave their durability to the next waits for no disk', async (t) => {
  const database = await open(t, newPath(t))
  const write = (later: boolean, then?: () => void) =>
    database.tx(
      async (db) => {
        then?.()
        const { rows } = await sql.raw<{ synchronous: number }>('pragma synchronous').execute(tables(db))
        return rows[0]?.synchronous
      },
      { durableWithNext: later },
    )
  const [normal, full] = [1, 2]
  assert.equal(await write(true), normal)
  assert.equal(await write(false), full)
  assert.deepEqual(await Promise.all([write(true), write(true)]), [normal, normal])
  // beside one that must be durable
  assert.deepEqual(await Promise.all([write(true), write(false)]), [full, full])
  // one that must be durable does not join a group that began without
  const began = Promise.withResolvers<void>()
  const first = write(true, began.resolve)
  await began.promise
  assert.deepEqual(await Promise.all([first, write(false)]), [normal, full])
  // a roll-back begins anew
  await assert.rejects(
    database.tx(() => Promise.reject(new Error('undone')), { durableWithNext: true }),
    /undone/,
  )
  assert.equal(await write(false), full)
})

test('transactions that come within a few turns of the event loop share a commit, as those on connections of their own do', async (t) => {
  // its clock stands still: turns alone count, however busy the machine
  const database = await open(t, newPath(t))
  const happened: string[] = []
  const write = async (name: string): Promise<void> => {
    await database.tx(async (db) => {
      happened.push(`${name} runs`)
      await sql.raw('select 1').execute(tables(db))
    })
    happened.push(`${name} is durable`)
  }
  const first = write('first')
  await nextTurn()
  await nextTurn()
  const second = write('second')
  await Promise.all([first, second])
  assert.deepEqual(happened, ['first runs', 'second runs', 'first is durable', 'second is durable'])
})

test('a file that is no database is refused and left as it is', async (t) => {
  const path = newPath(t)
  writeFileSync(path, 'my diary\n'.repeat(1_000))
  await assert.rejects(open(t, path), refusedAs('platform.database-corrupt', path))
  assert.equal(readFileSync(path, 'utf8'), 'my diary\n'.repeat(1_000))
})

test('a damaged page is refused', async (t) => {
  const path = await made(t)
  const bytes = readFileSync(path)
  bytes.fill(0xff, 4_096 * 3, 4_096 * 3 + 512)
  writeFileSync(path, bytes)
  await assert.rejects(open(t, path), refusedAs('platform.database-corrupt', path))
})

test('a damaged header is refused', async (t) => {
  const path = await made(t)
  const bytes = readFileSync(path)
  bytes.fill(0xff, 16, 100)
  writeFileSync(path, bytes)
  await assert.rejects(open(t, path), refusedAs('platform.database-corrupt', path))
})

test('a file cut short is refused', async (t) => {
  const path = await made(t)
  truncateSync(path, statSync(path).size - 4_096 * 2)
  await assert.rejects(open(t, path), refusedAs('platform.database-corrupt', path))
})

test('a directory that is missing is named', async (t) => {
  const path = join(newPath(t), 'deeper', 'gatehouse.db')
  await assert.rejects(open(t, path), refusedAs('platform.storage-unavailable', path))
})

test("another process's write lock is waited for without holding up reading", async (t) => {
  const path = await made(t)
  const database = await open(t, path)
  const other = new DatabaseSync(path)
  t.after(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const change = database.tx(async (db) => {
    await sql`create table sample_things (id text) strict`.execute(tables(db))
  })
  await database.ping()
  other.exec('COMMIT')
  await change
})

test('a lock that is never released refuses all who wait, and the next one works', async (t) => {
  const path = await made(t)
  const database = await open(t, path)
  const other = new DatabaseSync(path)
  t.after(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const outcomes = await Promise.allSettled([database.tx(async () => {}), database.tx(async () => {})])
  for (const outcome of outcomes) {
    assert.ok(outcome.status === 'rejected' && outcome.reason instanceof GateError)
    assert.equal(outcome.reason.code, 'platform.storage-unavailable')
  }
  other.exec('COMMIT')
  assert.equal(await database.tx(async () => 'works'), 'works')
})

test("another process's touch is seen", async (t) => {
  const path = await made(t)
  const clock = fakeClock()
  const database = await openSqlite({ path, clock, log: memoryLog() })
  t.after(() => database.close())
  await database.migrate([platformMigrations])
  const before = database.epoch('access')
  const other = await open(t, path)
  await other.tx(async (db) => touch(db, 'access'))
  clock.advance(250)
  assert.notEqual(database.epoch('access'), before)
})

test("another process's new column is under its own name in what was prepared before", async (t) => {
  const path = await made(t)
  const database = await open(t, path)
  const read = async () => {
    const both = sql.raw('select e.*, 1 as one from platform_epochs e order by e.name')
    return (await both.execute(tables(database.db))).rows[0]
  }
  await database.tx(async (db) => touch(db, 'access'))
  const before = await read()
  const other = new DatabaseSync(path)
  other.exec(`alter table platform_epochs add column noted text not null default 'later'`)
  other.close()
  assert.deepEqual(await read(), { ...(before as object), noted: 'later' })
})

test('an epoch that cannot be read is new on every call', async (t) => {
  const clock = fakeClock()
  const database = await openSqlite({ path: await made(t), clock, log: memoryLog() })
  await database.migrate([platformMigrations])
  await database.close()
  clock.advance(250)
  const numbers = [database.epoch('access'), database.epoch('access'), database.epoch('routes')]
  assert.equal(new Set(numbers).size, 3)
})
