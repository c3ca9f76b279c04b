import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../clock.ts'
import { platformMigrations } from '../migrations/index.ts'
import { eachDialect, fakeClock, memoryLog } from '../testing.ts'
import { tables, touch } from './handle.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'
import { ThreadMemory } from './thread-memory.ts'

test('turns are given one at a time, in the order they were asked for', async () => {
  const one = new ThreadMemory()
  const other = new ThreadMemory(one.memory)
  const order: string[] = []
  await one.takeTurn()
  const waiting = ['a', 'b', 'c'].map(async (name, place) => {
    const memory = place % 2 === 0 ? other : one
    await memory.takeTurn()
    order.push(name)
    memory.endTurn()
  })
  order.push('first')
  one.endTurn()
  await Promise.all(waiting)
  assert.deepEqual(order, ['first', 'a', 'b', 'c'])
})

eachDialect((dialect, open) => {
  if (dialect === 'sqlite') {
    test('threads that write one file at once wait for each other, and none is refused', async (t) => {
      const place = await open.place(t)
      assert.ok(place.dialect === 'sqlite')
      const threads = new ThreadMemory()
      const database = await openSqlite({ path: place.path, clock: systemClock, log: memoryLog(), threads })
      t.after(() => database.close())
      await database.migrate([platformMigrations])
      await database.tx(async (db) => {
        await tables(db).raw('create table counter (n integer)', [])
        await tables(db).raw('insert into counter values (0)', [])
      })
      const before = database.epoch('access')
      const times = 50
      const program = new URL('thread-memory-fixture.ts', import.meta.url)
      const workers = Array.from(
        { length: 3 },
        () => new Worker(program, { workerData: { path: place.path, memory: threads.memory, times } }),
      )
      await Promise.all(workers.map((worker) => once(worker, 'message')))
      const { rows } = await tables(database.db).raw<{ readonly n: number }>('select n from counter', [])
      assert.equal(rows[0]?.n, 3 * times)
      assert.equal(database.epoch('access'), before + 3 * times)
      await Promise.all(workers.map((worker) => worker.terminate()))
    })
  }

  test('a touch of one thread is seen by the others with its commit, though no time has passed', async (t) => {
    const place = await open.place(t)
    const threads = new ThreadMemory()
    const clock = fakeClock()
    const parts = { clock, log: memoryLog(), threads }
    const opened = () =>
      place.dialect === 'sqlite'
        ? openSqlite({ path: place.path, ...parts })
        : openPostgres({ url: place.url, ...parts })
    const [one, other] = [await opened(), await opened()]
    t.after(() => Promise.all([one.close(), other.close()]))
    await one.migrate([platformMigrations])
    await other.migrate([platformMigrations])
    const [access, routes] = [other.epoch('access'), other.epoch('routes')]
    await one.tx(async (db) => touch(db, 'access'))
    assert.notEqual(other.epoch('access'), access)
    const now = other.epoch('access')
    assert.equal(other.epoch('access'), now)
    if (dialect === 'sqlite') assert.equal(other.epoch('routes'), routes)
  })
})
