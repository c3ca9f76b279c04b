import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { systemRandom } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { tables } from '../db/handle.ts'
import type { Ctx, Job } from '../room/contract.ts'
import { eachDialect, type FakeClock, fakeClock, memoryLog, type Place } from '../testing.ts'
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
    const { running, clock, database, log } = await start(t, [{ name: 'sample.fail', everyMs: 1_000, run }])
    await running.runDue()
    assert.ok(log.entries.some(({ level, fields }) => level === 'error' && fields['job'] === 'sample.fail'))
    await pass(database, clock, 1_000)
    await running.runDue()
    assert.equal(runs, 2)
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
      everyMs: 0,
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
