import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Actor } from '#kit'
import { listAudit } from '../audit/list.ts'
import type { Database } from '../db/database.ts'
import { tables } from '../db/handle.ts'
import type { OutboxTables } from '../events/outbox-store.ts'
import { eachDialect, fakeClock, testContext } from '../testing.ts'

const mara: Actor = {
  principal: { kind: 'account', id: 'acc_1', name: 'mara' },
  credential: {
    id: 'crd_1',
    kind: 'password',
    permissions: ['*'],
    networks: { allow: [], deny: [] },
    regions: [],
    expiresAt: undefined,
  },
  session: { id: 'ses_1', createdAt: 0, provedAt: 0 },
  address: '192.0.2.7',
}

async function events(database: Database): Promise<string[]> {
  const rows = await tables<OutboxTables>(database.db).selectFrom('platform_outbox').select('event').execute()
  return rows.map(({ event }) => event)
}

eachDialect((_dialect, open) => {
  test('a change, its record and its event commit together or not at all', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock })
    const ctx = testContext({ database, clock, actor: mara })
    await ctx.tx(async (inner) => {
      const target = { type: 'route', id: 'rt_1', name: 'blog' }
      await inner.audit({ action: 'routes.create', target, detail: { host: 'blog.localhost' } })
      await inner.emit('routes.created', { id: 'rt_1' })
    })
    await assert.rejects(
      ctx.tx(async (inner) => {
        await inner.audit({ action: 'routes.delete' })
        await inner.emit('routes.deleted', {})
        throw new RangeError('no')
      }),
      RangeError,
    )
    const [record, ...others] = await listAudit(database.db, {}, { limit: 10 })
    assert.deepEqual(others, [])
    assert.equal(record?.action, 'routes.create')
    assert.deepEqual(record.actor, mara.principal)
    assert.equal(record.sessionId, 'ses_1')
    assert.equal(record.credentialId, 'crd_1')
    assert.equal(record.address, '192.0.2.7')
    assert.equal(record.at, ctx.now)
    assert.deepEqual(record.target, { type: 'route', id: 'rt_1', name: 'blog' })
    assert.deepEqual(record.detail, { host: 'blog.localhost' })
    assert.deepEqual(await events(database), ['routes.created'])
  })

  test('outside a transaction there is no record and no event', async (t) => {
    const clock = fakeClock()
    const ctx = testContext({ database: await open(t, { clock }), clock })
    await assert.rejects(ctx.audit({ action: 'x.y' }), TypeError)
    await assert.rejects(ctx.emit('x.y', {}), TypeError)
  })

  test('a transaction inside a transaction joins, with the same actor or another', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock })
    const ctx = testContext({ database, clock })
    await ctx.tx(async (outer) => {
      await outer.audit({ action: 'first.done' })
      await outer.as(mara).tx((inner) => inner.audit({ action: 'second.done' }))
    })
    const records = await listAudit(database.db, {}, { limit: 10 })
    assert.deepEqual(
      records.map(({ action, actor }) => [action, actor.name]),
      [
        ['second.done', 'mara'],
        ['first.done', 'system'],
      ],
    )
  })

  test('a joined work that fails takes the whole with it, even when its error is caught', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock })
    const ctx = testContext({ database, clock })
    const attempt = ctx.tx(async (outer) => {
      await outer.audit({ action: 'first.done' })
      await outer
        .tx(async (inner) => {
          await inner.audit({ action: 'second.done' })
          throw new RangeError('no')
        })
        .catch(() => {})
    })
    await assert.rejects(attempt, RangeError)
    assert.deepEqual(await listAudit(database.db, {}, { limit: 10 }), [])
  })

  test('ids sort by the time they were made', async (t) => {
    const clock = fakeClock()
    const database = await open(t, { clock })
    const first = testContext({ database, clock }).newId('acc')
    clock.advance(1)
    const second = testContext({ database, clock }).newId('acc')
    assert.match(first, /^acc_[0-9a-f]{32}$/)
    assert.ok(first < second)
  })
})
