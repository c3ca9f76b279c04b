import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { Client } from 'pg'
import { eachDialect, fakeClock, memoryLog, wireTo } from '#platform/testing'
import { systemClock } from '../clock.ts'
import type { Database, Db, EpochName } from './database.ts'
import { tables, touch } from './handle.ts'
import { openPostgres } from './postgres.ts'
import { PostgresEpochs } from './postgres-epochs.ts'

/** Asks until it is so; the promise under test is a second, a loaded machine gets more. */
async function eventually(holds: () => boolean): Promise<void> {
  const latest = performance.now() + 30_000
  while (!holds()) {
    assert.ok(performance.now() < latest, 'it did not come to hold')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Whether an epoch is believed: otherwise every call answers a new number. */
function isConfirmed(database: Pick<Database, 'epoch'>, name: EpochName): boolean {
  const [first, second] = [database.epoch(name), database.epoch(name)]
  return first === second
}

async function backend(db: Db): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tables(db))
  return rows[0]?.pid ?? 0
}

eachDialect((dialect, open) => {
  if (dialect === 'sqlite') return

  test('a touch on one node is seen on another', async (t) => {
    const place = await open.place(t)
    const [one, other] = [await open(t, { place, clock: systemClock }), await open(t, { place, clock: systemClock })]
    await eventually(() => isConfirmed(other, 'sessions'))
    const before = other.epoch('sessions')
    await one.tx(async (db) => touch(db, 'sessions'))
    await eventually(() => other.epoch('sessions') !== before)
    await eventually(() => isConfirmed(other, 'sessions'))
  })

  test('a touch is seen by reading alone, when its notification was lost', async (t) => {
    const place = await open.place(t)
    const [one, other] = [await open(t, { place }), await open(t, { place })]
    const before = other.epoch('routes')
    // a change of the row without NOTIFY is what a lost notification leaves
    await one.tx(async (db) => {
      await sql`insert into platform_epochs (name, shard, value) values ('routes', 99, 1)`.execute(tables(db))
    })
    await eventually(() => other.epoch('routes') !== before)
  })

  test('a node that read its own touch before it knew of it still sees the next of another', async (t) => {
    const place = await open.place(t)
    const database = await open(t, { place })
    const url = place.dialect === 'postgres' ? place.url : ''
    const epochs = new PostgresEpochs({
      url,
      clock: fakeClock(),
      log: memoryLog(),
      ping: () => database.ping(),
    })
    await epochs.start()
    t.after(() => epochs.stop())
    const commit = () =>
      database.tx(async (db) => {
        await sql`insert into platform_epochs (name, shard, value) values ('routes', 99, 1)
          on conflict (name, shard) do update set value = platform_epochs.value + 1`.execute(tables(db))
      })
    const first = epochs.value('routes')
    await commit()
    await eventually(() => epochs.value('routes') !== first)
    // the reply to the commit comes after the reading that holds it
    epochs.touched(new Set(['routes']))
    const second = epochs.value('routes')
    await commit()
    await eventually(() => epochs.value('routes') !== second)
  })

  test('an epoch that cannot be confirmed is new on every call', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock })
    const before = database.epoch('access')
    assert.equal(database.epoch('access'), before)
    clock.advance(1_001)
    const fresh = [database.epoch('access'), database.epoch('access'), database.epoch('routes')]
    assert.equal(new Set([before, ...fresh]).size, 4)
    await eventually(() => isConfirmed(database, 'access'))
  })

  test('connections whose other end is gone without a word are given up, and epochs read by new ones', async (t) => {
    const wire = await wireTo(t, await open.place(t))
    const database = await open(t, { place: wire.place, clock: systemClock })
    await database.ping()
    wire.hush()
    await eventually(() => !isConfirmed(database, 'access'))
    await eventually(() => isConfirmed(database, 'access'))
  })

  test('the database is not away for a node while another connection of its is answered', async (t) => {
    const place = await open.place(t)
    await open(t, { place })
    const wire = await wireTo(t, place)
    const clock = fakeClock()
    const epochs = new PostgresEpochs({
      url: wire.place.dialect === 'postgres' ? wire.place.url : '',
      clock,
      log: memoryLog(),
      ping: () => Promise.reject(new Error('nobody answers')),
    })
    await epochs.start()
    t.after(() => epochs.stop())
    const believed = () => isConfirmed({ epoch: (name) => epochs.value(name) }, 'access')
    await wire.cut()
    clock.advance(1_001)
    await eventually(believed)
    epochs.answered()
    assert.ok(!believed())
  })

  test('concurrent touches of one epoch all commit', async (t) => {
    const database = await open(t)
    await Promise.all(Array.from({ length: 30 }, () => database.tx(async (db) => touch(db, 'sessions'))))
    const { rows } = await sql<{ sum: number }>`select sum(value) as sum from platform_epochs`.execute(
      tables(database.db),
    )
    assert.deepEqual(rows, [{ sum: 30 }])
  })

  test('a connection lost in a transaction is coded, and the next one works', async (t) => {
    const log = memoryLog()
    const place = await open.place(t)
    const [database, other] = [await open(t, { place, log }), await open(t, { place })]
    const lost = database.tx(async (db) => {
      const pid = await backend(db)
      await sql`select pg_terminate_backend(${pid})`.execute(tables(other.db))
      await sql`select 1 as one`.execute(tables(db))
    })
    await assert.rejects(lost, { code: 'platform.storage-unavailable', status: 503 })
    assert.equal(await database.tx(async () => 'works'), 'works')
  })

  test('a server that is away is coded, on opening and on reading, without its password', async (t) => {
    const url = 'postgres://gate:hunter2secret@127.0.0.1:1/gate'
    const log = memoryLog()
    const opening = openPostgres({ url, clock: fakeClock(), log })
    await assert.rejects(opening, (error: Error) => {
      assert.equal((error as { code?: string }).code, 'platform.storage-unavailable')
      assert.ok(!`${error.message}${error.stack}${JSON.stringify(log.entries)}`.includes('hunter2secret'))
      return true
    })
    t.diagnostic('nothing listens on port 1')
  })

  test('a work function that changes nothing durable runs again after a serialisation failure', async (t) => {
    const database = await open(t)
    await database.tx(async (db) => {
      await sql`create table sample_sum (id int primary key, value int not null)`.execute(tables(db))
      await sql`insert into sample_sum values (1, 0)`.execute(tables(db))
    })
    let [runs, read] = [0, 0]
    const twoRead = Promise.withResolvers<void>()
    const add = (one: Database) =>
      one.tx(async (db) => {
        runs++
        const { rows } = await sql<{ value: number }>`select value from sample_sum`.execute(tables(db))
        // two read the same value, whenever their connections open
        if (++read === 2) twoRead.resolve()
        await twoRead.promise
        await sql`update sample_sum set value = ${(rows[0]?.value ?? 0) + 1}`.execute(tables(db))
      })
    await Promise.all(Array.from({ length: 8 }, () => add(database)))
    const { rows } = await sql<{ value: number }>`select value from sample_sum`.execute(tables(database.db))
    assert.deepEqual(rows, [{ value: 8 }])
    assert.ok(runs > 8)
  })

  test('transactions that lost to each other are run again one at a time, so that many at once all come through', async (t) => {
    const database = await open(t)
    await database.tx(async (db) => {
      await sql`create table sample_sum (id int primary key, value int not null)`.execute(tables(db))
      await sql`insert into sample_sum values (1, 0)`.execute(tables(db))
    })
    let [again, most] = [0, 0]
    const add = async () => {
      let runs = 0
      await database.tx(async (db) => {
        const isAgain = ++runs > 1
        if (isAgain) most = Math.max(most, ++again)
        try {
          const { rows } = await sql<{ value: number }>`select value from sample_sum`.execute(tables(db))
          // long enough for the others to begin as well
          await sql`select pg_sleep(0.01)`.execute(tables(db))
          await sql`update sample_sum set value = ${(rows[0]?.value ?? 0) + 1}`.execute(tables(db))
        } finally {
          if (isAgain) again--
        }
      })
    }
    await Promise.all(Array.from({ length: 40 }, add))
    const { rows } = await sql<{ value: number }>`select value from sample_sum`.execute(tables(database.db))
    assert.deepEqual(rows, [{ value: 40 }])
    assert.equal(most, 1)
  })

  test('a failure that never ends is given up as too many changes at once', async (t) => {
    const database = await open(t)
    let runs = 0
    const attempt = database.tx(async (db) => {
      runs++
      await sql`do $$ begin raise exception 'again' using errcode = '40001'; end $$`.execute(tables(db))
    })
    await assert.rejects(attempt, { code: 'platform.storage-busy', status: 503, headers: { 'Retry-After': '1' } })
    assert.equal(runs, 12)
  })

  test('one schema does not hear the epochs of another', async (t) => {
    const [place, elsewhere] = [await open.place(t), await open.place(t)]
    const [one, other] = [await open(t, { place }), await open(t, { place: elsewhere })]
    assert.equal(elsewhere.dialect, 'postgres')
    const before = other.epoch('access')
    const client = new Client({ connectionString: elsewhere.dialect === 'postgres' ? elsewhere.url : '' })
    await client.connect()
    await one.tx(async (db) => touch(db, 'access'))
    await client.query('select 1')
    await client.end()
    assert.equal(other.epoch('access'), before)
  })
})
