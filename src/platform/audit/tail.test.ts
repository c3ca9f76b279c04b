import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect, fakeClock, testContext } from '#platform/testing'
import type { Database } from '../db/database.ts'
import { sealRecords } from './audit-store.ts'
import { auditPosition, followAudit } from './tail.ts'

/** What the leased sealer does every second on PostgreSQL; SQLite seals as it writes. */
async function seal(database: Database): Promise<void> {
  if (database.dialect === 'postgres') await database.tx((db) => sealRecords(db, 1_000))
}

async function nextAction(records: ReturnType<typeof followAudit>): Promise<string> {
  const answer = await records.next()
  return answer.done === true ? 'ended' : answer.value.action
}

eachDialect((dialect, open) => {
  test('whoever follows the journal gets each record once, in the order of the chain, narrowed as the list', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock })
    const ctx = testContext({ database, clock })
    const write = async (...actions: readonly string[]): Promise<void> => {
      for (const action of actions) await ctx.tx((inner) => inner.audit({ action }))
      await seal(database)
    }
    await write('accounts.create', 'routes.create')
    const stop = new AbortController()
    const after = await auditPosition(database.db)
    const all = followAudit(database.db, {}, { after, signal: stop.signal })
    const routes = followAudit(database.db, { actionPrefix: 'routes.' }, { after: 0, signal: stop.signal })
    const next = async (from: typeof all): Promise<string> => {
      const answer = await from.next()
      return answer.done === true ? 'ended' : `${answer.value.seq} ${answer.value.action}`
    }
    assert.equal(await next(routes), '2 routes.create')
    const waiting = next(all)
    await write('accounts.update')
    assert.equal(await waiting, '3 accounts.update')
    // more than a page at once
    await write(...Array.from({ length: 150 }, (_, at) => `things.${at}`), 'routes.delete')
    for (let at = 0; at < 150; at += 1) assert.equal(await next(all), `${at + 4} things.${at}`)
    assert.equal(await next(all), '154 routes.delete')
    assert.equal(await next(routes), '154 routes.delete')
    const last = next(all)
    stop.abort()
    assert.equal(await last, 'ended')
    assert.equal(await next(routes), 'ended')
  })

  // a transaction that is still open beside another one: SQLite has one writer
  if (dialect === 'sqlite') return
  test('a record whose transaction commits late is not missed', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock })
    const ctx = testContext({ database, clock })
    const stop = new AbortController()
    t.after(() => stop.abort())
    const records = followAudit(database.db, {}, { after: 0, signal: stop.signal })
    let early = (): void => undefined
    const written = new Promise<void>((resolve) => {
      early = resolve
    })
    let commit = (): void => undefined
    const permitted = new Promise<void>((resolve) => {
      commit = resolve
    })
    const late = ctx.tx(async (inner) => {
      await inner.audit({ action: 'written-first' })
      early()
      await permitted
    })
    await written
    await ctx.tx((inner) => inner.audit({ action: 'written-second' }))
    await seal(database)
    assert.equal(await nextAction(records), 'written-second')
    commit()
    await late
    await seal(database)
    assert.equal(await nextAction(records), 'written-first')
  })
})
