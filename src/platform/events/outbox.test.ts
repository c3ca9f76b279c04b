import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { systemRandom } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { tables } from '../db/handle.ts'
import { eachDialect, type FakeClock, fakeClock, memoryLog, type OpenDatabase, testContext } from '../testing.ts'
import { type Subscribers, startOutbox } from './outbox.ts'
import type { OutboxTables } from './outbox-store.ts'

async function start(t: TestContext, open: OpenDatabase, subscribers: Subscribers, clock: FakeClock = fakeClock()) {
  const database = await open(t, { clock })
  const log = memoryLog()
  const outbox = startOutbox({ database, clock, random: systemRandom, log }, subscribers)
  t.after(() => outbox.stop())
  const emit = (event: string, ...numbers: number[]) =>
    testContext({ database, clock }).tx(async (ctx) => {
      for (const number of numbers) await ctx.emit(event, { number })
    })
  return { database, clock, log, outbox, emit }
}

async function stored(database: Database) {
  return tables<OutboxTables>(database.db).selectFrom('platform_outbox').select(['state', 'attempts']).execute()
}

eachDialect((_dialect, open) => {
  test('events of one name are delivered in order, and then gone', async (t) => {
    const seen: unknown[] = []
    const { outbox, emit, database } = await start(t, open, { 'a.b': [async ({ number }) => void seen.push(number)] })
    await emit('a.b', 1, 2)
    await emit('a.b', 3)
    await outbox.deliverDue()
    await outbox.deliverDue()
    assert.deepEqual(seen, [1, 2, 3])
    assert.deepEqual(await stored(database), [])
  })

  test('what is due is delivered also where a delivery is under way that began before it was there', async (t) => {
    const seen: unknown[] = []
    const [began, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { outbox, emit } = await start(t, open, {
      'a.b': [
        async () => {
          began.resolve()
          await go.promise
        },
      ],
      'c.d': [async ({ number }) => void seen.push(number)],
    })
    await emit('a.b', 1)
    const first = outbox.deliverDue()
    await began.promise
    await emit('c.d', 2)
    const second = outbox.deliverDue()
    go.resolve()
    await Promise.all([first, second])
    assert.deepEqual(seen, [2])
  })

  test('events that cannot be looked up are said once a minute, however often that is tried', async (t) => {
    const { outbox, database, clock, log } = await start(t, open, {})
    await database.tx(async (db) => void (await tables(db).raw('drop table platform_outbox', [])))
    const said = () => log.entries.filter(({ message }) => message.startsWith('events could not be delivered')).length
    const wakeUntil = async (count: number) => {
      for (let tries = 0; tries < 1_000 && said() < count; tries++) {
        outbox.wake()
        await pause(20)
      }
    }
    await wakeUntil(1)
    for (let again = 0; again < 5; again++) {
      outbox.wake()
      await pause(20)
    }
    assert.equal(said(), 1)
    clock.advance(60_000)
    await wakeUntil(2)
    assert.equal(said(), 2)
  })

  test('an event that nobody subscribes to does not stay', async (t) => {
    const { outbox, emit, database } = await start(t, open, {})
    await emit('a.b', 1)
    await outbox.deliverDue()
    assert.deepEqual(await stored(database), [])
  })

  test('a subscriber can change state and emit in turn', async (t) => {
    const seen: unknown[] = []
    const { outbox, emit } = await start(t, open, {
      'a.b': [(_payload, ctx) => ctx.tx((inner) => inner.emit('c.d', { number: 9 }))],
      'c.d': [async ({ number }) => void seen.push(number)],
    })
    await emit('a.b', 1)
    await outbox.deliverDue()
    await outbox.deliverDue()
    assert.deepEqual(seen, [9])
  })

  test('a failed delivery is repeated after a pause and holds up its successors, not other names', async (t) => {
    const seen: unknown[] = []
    let failing = true
    const { outbox, emit, clock, log } = await start(t, open, {
      'a.b': [
        async ({ number }) => {
          if (failing) throw new RangeError('away')
          seen.push(number)
        },
      ],
      'c.d': [async ({ number }) => void seen.push(number)],
    })
    await emit('a.b', 1, 2)
    await emit('c.d', 3)
    await outbox.deliverDue()
    failing = false
    await outbox.deliverDue()
    assert.deepEqual(seen, [3])
    assert.ok(log.entries.some(({ message }) => message.includes('tried again')))
    clock.advance(1_000)
    await outbox.deliverDue()
    assert.deepEqual(seen, [3, 1, 2])
  })

  test('after twelve failures an event is kept as dead, logged, and its successors go on', async (t) => {
    const seen: unknown[] = []
    const { outbox, emit, clock, log, database } = await start(t, open, {
      'a.b': [
        async ({ number }) => {
          if (number === 1) throw new RangeError('never')
          seen.push(number)
        },
      ],
    })
    await emit('a.b', 1, 2)
    for (let attempt = 0; attempt < 12; attempt++) {
      await outbox.deliverDue()
      clock.advance(3_600_000)
    }
    assert.deepEqual(seen, [2])
    assert.deepEqual(await stored(database), [{ state: 'dead', attempts: 12 }])
    assert.ok(log.entries.some(({ level, message }) => level === 'error' && message.includes('given up')))
  })

  test('two nodes deliver each event once', async (t) => {
    const place = await open.place(t)
    const seen: unknown[] = []
    const clock = fakeClock()
    const subscribers: Subscribers = { 'a.b': [async ({ number }) => void seen.push(number)] }
    const shared = Object.assign((test: TestContext) => open(test, { clock, place }), {
      place: (test: TestContext) => open.place(test),
    })
    const first = await start(t, shared, subscribers, clock)
    const second = await start(t, shared, subscribers, clock)
    await first.emit('a.b', ...Array.from({ length: 20 }, (_, index) => index))
    await Promise.all([first.outbox.deliverDue(), second.outbox.deliverDue()])
    await first.outbox.deliverDue()
    assert.deepEqual(
      seen,
      Array.from({ length: 20 }, (_, index) => index),
    )
  })
})
