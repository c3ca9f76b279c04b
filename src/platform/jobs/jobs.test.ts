import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sql } from 'kysely'
import { systemRandom } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { tables } from '../db/handle.ts'
import type { Ctx, Job } from '../room/contract.ts'
import { eachDialect, type FakeClock, fakeClock, memoryLog, type Place } from '../testing.ts'
import { addJob, claimJob, finishJob, renewJob } from './job-store.ts'
import { startJobs } from './jobs.ts'

eachDialect((dialect, open) => {
  async function start(t: TestContext, jobs: readonly Job[], place?: Place) {
    const clock = fakeClock()
    const database = await open(t, { clock, ...(place === undefined ? {} : { place }) })
    const log = memoryLog()
    const running = await startJobs({ database, clock, random: systemRandom, log }, jobs)
    t.after(() => running.stop())
    return { database, clock, log, running }
  }

  /** Lets the time pass that leases and schedules are measured by: ours on SQLite, the database's on PostgreSQL. */
  async function pass(database: Database, clock: FakeClock, ms: number): Promise<void> {
    clock.advance(ms)
    if (dialect === 'sqlite') return
    await database.tx(async (db) => {
      await sql`update platform_jobs set due_at = due_at - ${ms}, lease_until = lease_until - ${ms}`.execute(tables(db))
    })
  }

  test('a job runs when it is due, not before', async (t) => {
    let runs = 0
    const job: Job = { name: 'sample.count', everyMs: 60_000, run: async () => void runs++ }
    const { running, clock, database } = await start(t, [job])
    await running.runDue()
    await running.runDue()
    assert.equal(runs, 1)
    await pass(database, clock, 60_000)
    await running.runDue()
    assert.equal(runs, 2)
  })

  test('a job that fails is logged and runs again when it is due', async (t) => {
    let runs = 0
    const run = async () => {
      runs++
      throw new RangeError('no')
    }
    // a minute of the database's time does not pass by itself while this runs
    const { running, clock, database, log } = await start(t, [{ name: 'sample.fail', everyMs: 60_000, run }])
    await running.runDue()
    assert.ok(log.entries.some(({ level, fields }) => level === 'error' && fields['job'] === 'sample.fail'))
    await pass(database, clock, 60_000)
    await running.runDue()
    assert.equal(runs, 2)
  })

  test('a job that fails the same way again is said once a minute at most, and that it has run at last', async (t) => {
    let failure: Error | undefined = new RangeError('no')
    const run = async () => {
      if (failure !== undefined) throw failure
    }
    const { running, clock, database, log } = await start(t, [{ name: 'sample.fail', everyMs: 1_000, run }])
    const said = () => log.entries.filter(({ fields }) => fields['job'] === 'sample.fail').map(({ level }) => level)
    const again = async (ms: number) => {
      await pass(database, clock, ms)
      await running.runDue()
    }
    for (let second = 0; second < 10; second++) await again(1_000)
    assert.deepEqual(said(), ['error'])
    await again(60_000)
    assert.deepEqual(said(), ['error', 'error'])
    failure = new RangeError('for another reason')
    await again(1_000)
    assert.deepEqual(said(), ['error', 'error', 'error'])
    failure = undefined
    await again(1_000)
    await again(1_000)
    assert.deepEqual(said(), ['error', 'error', 'error', 'info'])
  })

  test('of two nodes one runs the job', async (t) => {
    const place = await open.place(t)
    const ran: string[] = []
    const gate = Promise.withResolvers<void>()
    const jobOf = (node: string): Job => ({
      name: 'sample.once',
      everyMs: 60_000,
      run: async () => {
        ran.push(node)
        await gate.promise
      },
    })
    const first = await start(t, [jobOf('first')], place)
    const second = await start(t, [jobOf('second')], place)
    const runs = [first.running.runDue(), second.running.runDue()]
    // the one that did not get the lease is done at once; the other waits for the gate
    await Promise.race(runs)
    gate.resolve()
    await Promise.all(runs)
    assert.equal(ran.length, 1)
  })

  test('a node that outlived its lease cannot write over its successor', async (t) => {
    const place = await open.place(t)
    const frozen = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    let outcome: unknown
    const slow: Job = {
      name: 'sample.slow',
      everyMs: 60_000,
      run: async (ctx: Ctx) => {
        began.resolve()
        await frozen.promise
        outcome = await ctx.tx((inner) => inner.audit({ action: 'late.write' })).catch((error: unknown) => error)
      },
    }
    let successor = 0
    const first = await start(t, [slow], place)
    const run = first.running.runDue()
    await began.promise
    await pass(first.database, first.clock, 60_000)
    const second = await start(t, [{ ...slow, run: async () => void successor++ }], place)
    second.clock.advance(60_000)
    await second.running.runDue()
    assert.equal(successor, 1)
    frozen.resolve()
    await run
    assert.equal((outcome as { code?: string }).code, 'platform.lease-lost')
  })

  test('a lease is renewed while its job runs, and its signal aborts once another has it', async (t) => {
    const began = Promise.withResolvers<Ctx>()
    const lost = Promise.withResolvers<unknown>()
    const run = async (ctx: Ctx) => {
      began.resolve(ctx)
      ctx.signal.addEventListener('abort', () => lost.resolve(ctx.signal.reason), { once: true })
      await lost.promise
    }
    const { running, clock, database } = await start(t, [{ name: 'sample.long', everyMs: 1_000, run }])
    const leasedUntil = async () => {
      const { rows } = await sql<{ until: number }>`select lease_until as until from platform_jobs`.execute(
        tables(database.db),
      )
      return Number(rows[0]?.until)
    }
    t.mock.timers.enable({ apis: ['setInterval'] })
    const due = running.runDue()
    const { signal } = await began.promise
    for (let passed = 0; passed < 60; passed += 10) {
      await pass(database, clock, 10_000)
      const before = await leasedUntil()
      t.mock.timers.tick(10_000)
      while (!t.signal.aborted && (await leasedUntil()) === before) await nextTurn()
      assert.equal(await database.tx((db) => claimJob(db, clock, 'sample.long', 30_000)), undefined)
    }
    assert.ok(!signal.aborted)
    await pass(database, clock, 60_000)
    assert.ok(await database.tx((db) => claimJob(db, clock, 'sample.long', 30_000)))
    t.mock.timers.tick(10_000)
    assert.equal(((await lost.promise) as { code?: string }).code, 'platform.lease-lost')
    await due
  })

  test('who lost a lease neither renews nor ends that of its successor, and what was done is not done again', async (t) => {
    const { clock, database } = await start(t, [])
    const [name, everyMs] = ['sample.store', 60_000]
    const claim = () => database.tx((db) => claimJob(db, clock, name, 30_000))
    const renew = (token: number) => database.tx((db) => renewJob(db, clock, { name, token }, 30_000))
    await database.tx((db) => addJob(db, name))
    const first = (await claim()) ?? assert.fail('it is due')
    await pass(database, clock, 31_000)
    const second = (await claim()) ?? assert.fail('its lease is over')
    assert.ok(second > first)
    assert.equal(await renew(first), false)
    await database.tx((db) => finishJob(db, clock, { name, token: first }, everyMs))
    assert.equal(await claim(), undefined, 'the successor still has it')
    assert.equal(await renew(second), true)
    await database.tx((db) => finishJob(db, clock, { name, token: second }, everyMs))
    assert.equal(await claim(), undefined, 'it is not due')
    await pass(database, clock, everyMs)
    assert.ok(await claim())
  })

  if (dialect === 'sqlite') {
    test('what a killed process left leased runs with the next start', async (t) => {
      const place = await open.place(t)
      const { database, clock } = await start(t, [], place)
      await database.tx((db) => addJob(db, 'sample.killed'))
      assert.ok(await database.tx((db) => claimJob(db, clock, 'sample.killed', 30_000)))
      let runs = 0
      const next = await start(t, [{ name: 'sample.killed', everyMs: 1_000, run: async () => void runs++ }], place)
      await next.running.runDue()
      assert.equal(runs, 1)
    })
  } else {
    test('a job that another node is just taking is not waited for, and no clock but the database’s counts', async (t) => {
      const place = await open.place(t)
      const first = await start(t, [], place)
      const second = await start(t, [], place)
      await first.database.tx((db) => addJob(db, 'sample.taken'))
      const claim = ({ database, clock }: typeof first) =>
        database.tx((db) => claimJob(db, clock, 'sample.taken', 30_000))
      const taken = Promise.withResolvers<void>()
      const over = Promise.withResolvers<void>()
      const taking = first.database.tx(async (db) => {
        assert.ok(await claimJob(db, first.clock, 'sample.taken', 30_000))
        taken.resolve()
        await over.promise
      })
      await taken.promise
      assert.equal(await claim(second), undefined)
      over.resolve()
      await taking
      second.clock.set(Date.now() + 86_400_000)
      assert.equal(await claim(second), undefined, 'its lease stands, whatever that node thinks what time it is')
    })
  }

  test('stop aborts the running job and waits for it', async (t) => {
    let ended = false
    const began = Promise.withResolvers<void>()
    const run = async (ctx: Ctx) => {
      began.resolve()
      await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve, { once: true }))
      ended = true
    }
    const { running } = await start(t, [{ name: 'sample.long', everyMs: 1, run }])
    const due = running.runDue()
    await began.promise
    await running.stop()
    assert.ok(ended)
    await due
  })

  test('two jobs of one name are a bug', async (t) => {
    const job: Job = { name: 'sample.twice', everyMs: 1, run: async () => {} }
    await assert.rejects(start(t, [job, job]), TypeError)
  })
})
