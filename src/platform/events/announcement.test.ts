import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '../clock.ts'
import { tables } from '../db/handle.ts'
import { eachDialect, fakeClock, memoryLog, testContext } from '../testing.ts'
import type { Announcement } from './announcement.ts'
import { startOutbox } from './outbox.ts'
import { type OutboxTables, setEventReader } from './outbox-store.ts'

eachDialect((_dialect, open) => {
  test('a journalled change is announced while somebody reads, in the transaction that makes it, and not otherwise', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock })
    const heard: Announcement[] = []
    const deps = { database, clock, random: systemRandom, log: memoryLog() }
    const outbox = startOutbox(deps, {}, [async (announcement) => void heard.push(announcement)])
    t.after(() => outbox.stop())
    const ctx = testContext({ database, clock })
    const target = { type: 'route', id: 'rt_1', name: 'blog' }
    await ctx.tx((inner) => inner.audit({ action: 'routes.create', target }))
    assert.deepEqual(await tables<OutboxTables>(database.db).selectFrom('platform_outbox').select('id').execute(), [])
    await database.tx((db) => setEventReader(db, 'hooks', true))
    await database.tx((db) => setEventReader(db, 'hooks', true))
    await ctx.tx((inner) => inner.audit({ action: 'routes.update', target, detail: { host: 'blog.localhost' } }))
    await assert.rejects(
      ctx.tx(async (inner) => {
        await inner.audit({ action: 'routes.undone', target })
        throw new RangeError('no')
      }),
      RangeError,
    )
    await ctx.tx((inner) => inner.audit({ action: 'routes.delete' }))
    await outbox.deliverDue()
    assert.deepEqual(
      heard.map(({ event, detail }) => [event, detail]),
      [
        ['routes.update', { host: 'blog.localhost' }],
        ['routes.delete', undefined],
      ],
    )
    const [first, second] = heard
    assert.ok(first !== undefined && second !== undefined && first.sequence < second.sequence)
    assert.match(first.id, /^evt_/)
    assert.deepEqual(first.target, target)
    assert.deepEqual(first.actor, { kind: 'system', id: 'system', name: 'system' })
    assert.equal(first.at, clock.now())
    await database.tx((db) => setEventReader(db, 'hooks', false))
    await ctx.tx((inner) => inner.audit({ action: 'routes.create', target }))
    await outbox.deliverDue()
    assert.equal(heard.length, 2)
  })

  test('an announcement that fails is told again later, and overtaken meanwhile', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock })
    const heard: string[] = []
    let failing = true
    const deps = { database, clock, random: systemRandom, log: memoryLog() }
    const outbox = startOutbox(deps, {}, [
      async ({ event }) => {
        if (failing && event === 'a.first') throw new RangeError('away')
        heard.push(event)
      },
    ])
    t.after(() => outbox.stop())
    await database.tx((db) => setEventReader(db, 'hooks', true))
    for (const action of ['a.first', 'a.second']) {
      await testContext({ database, clock }).tx((inner) => inner.audit({ action }))
    }
    await outbox.deliverDue()
    assert.deepEqual(heard, ['a.second'])
    failing = false
    clock.advance(1_000)
    await outbox.deliverDue()
    assert.deepEqual(heard, ['a.second', 'a.first'])
  })
})
