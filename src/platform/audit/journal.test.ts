import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { type Actor, anonymous } from '#kit'
import { eachDialect, fakeClock, memoryLog, type OpenDatabase, testContext } from '#platform/testing'
import { systemRandom } from '../clock.ts'
import { tables } from '../db/handle.ts'
import type { Refusal, Use } from './audit.ts'
import { openJournal } from './journal.ts'
import { listAudit } from './list.ts'
import { listUses } from './list-uses.ts'
import { verifyAudit } from './verify.ts'

const minute = 60_000
const mara: Actor = {
  principal: { kind: 'account', id: 'acc_mara', name: 'mara' },
  session: { id: 'ses_1', createdAt: 0, provedAt: 0 },
  address: '192.0.2.7',
}

function refusal(host: string, requestId = 'req_1'): Refusal {
  return {
    actor: anonymous('192.0.2.9'),
    permission: 'routes:use',
    resource: { type: 'Gateway::Route', id: 'rt_1' },
    decision: { allowed: false, step: 'policy', code: 'no-role', reason: 'No role allows it.', policies: [] },
    host,
    requestId,
  }
}

const use: Use = { actor: mara, permission: 'routes:use', resource: { type: 'route', id: 'rt_1', name: 'blog' } }

async function start(t: TestContext, open: OpenDatabase) {
  const clock = fakeClock()
  const database = await open(t, { clock })
  const log = memoryLog()
  const journal = openJournal({ database, clock, random: systemRandom, log })
  t.after(() => journal.stop().catch(() => {}))
  const list = (filter = {}, page = { limit: 50 }) => listAudit(database.db, filter, page)
  return { clock, database, journal, log, list }
}

eachDialect((dialect, open) => {
  test('equal refusals are one record with a count, in the chain', async (t) => {
    const { journal, list, database, clock } = await start(t, open)
    journal.refused(refusal('blog.localhost', 'req_1'))
    clock.advance(10)
    journal.refused(refusal('blog.localhost', 'req_2'))
    journal.refused(refusal('wiki.localhost', 'req_3'))
    await journal.flush()
    const records = await list()
    assert.deepEqual(
      records.map(({ detail, count, outcome }) => [detail?.['host'], count, outcome]),
      [
        ['wiki.localhost', 1, 'refused'],
        ['blog.localhost', 2, 'refused'],
      ],
    )
    const [, blog] = records
    assert.equal(blog?.action, 'routes:use')
    assert.deepEqual(blog.target, { type: 'Gateway::Route', id: 'rt_1', name: undefined })
    assert.equal(blog.address, '192.0.2.9')
    assert.equal(blog.requestId, 'req_1')
    assert.equal(blog.detail?.['step'], 'policy')
    assert.equal(blog.detail?.['until'], blog.at + 10)
    assert.ok((await verifyAudit(database.db)).sound)
  })

  test('refusals of different minutes are different records', async (t) => {
    const { journal, list, clock } = await start(t, open)
    journal.refused(refusal('blog.localhost'))
    clock.advance(minute)
    journal.refused(refusal('blog.localhost'))
    await journal.flush()
    assert.equal((await list()).length, 2)
  })

  test('a flood of different refusals is bounded and counted', async (t) => {
    const { journal, list } = await start(t, open)
    for (let index = 0; index < 5_000; index++) journal.refused(refusal(`${index}.localhost`))
    await journal.flush()
    const [others] = await list({ actionPrefix: 'others' })
    assert.equal(others?.count, 4_500)
    assert.equal((await list({ outcome: 'refused' }, { limit: 5_000 })).length, 501)
  })

  test('a flood by strangers does not hide what somebody known is refused', async (t) => {
    const { journal, list } = await start(t, open)
    const stranger = { principal: { kind: 'anonymous', id: 'anonymous', name: 'anonymous' } } as const
    for (let index = 0; index < 5_000; index++) journal.refused({ ...refusal(`${index}.localhost`), actor: stranger })
    journal.refused({ ...refusal('blog.localhost'), actor: mara })
    await journal.flush()
    const [mine] = await list({ actorId: 'acc_mara' })
    assert.deepEqual([mine?.action, mine?.detail?.['host']], ['routes:use', 'blog.localhost'])
    const [others] = await list({ actionPrefix: 'others' })
    assert.deepEqual([others?.actor.id, others?.count], ['anonymous', 4_500])
  })

  test('what strangers send is cut before it is kept', async (t) => {
    const { journal, list } = await start(t, open)
    const base = refusal(`${'h'.repeat(10_000)}\0`)
    const resource = { type: 'Gateway::Route', id: `\ud800\0${'x'.repeat(10_000)}` }
    journal.refused({ ...base, resource, permission: 'p'.repeat(10_000) })
    await journal.flush()
    const [record] = await list()
    assert.equal(record?.action.length, 513)
    assert.equal(record.detail?.['host'], 'h'.repeat(255))
    assert.ok(record.target?.id.startsWith('\u{fffd}\u{fffd}xx'))
  })

  test('uses are counted by session, thing and minute', async (t) => {
    const { journal, clock, database } = await start(t, open)
    journal.used(use)
    journal.used(use)
    await journal.flush()
    clock.advance(1)
    journal.used(use)
    journal.used({ ...use, resource: { type: 'route', id: 'rt_2' } })
    clock.advance(minute)
    journal.used(use)
    await journal.flush()
    const uses = await listUses(database.db, { principalId: 'acc_mara' }, { limit: 10 })
    assert.deepEqual(
      uses.map(({ resource, count }) => `${resource.id} ${count}`).toSorted((one, other) => one.localeCompare(other)),
      ['rt_1 1', 'rt_1 3', 'rt_2 1'],
    )
    const ofThing = await listUses(database.db, { resource: { type: 'route', id: 'rt_2' } }, { limit: 10 })
    assert.deepEqual(
      ofThing.map(({ principal, sessionId }) => [principal.id, sessionId]),
      [['acc_mara', 'ses_1']],
    )
    const [first] = uses
    assert.ok(first)
    const older = await listUses(database.db, {}, { limit: 10, before: first.position })
    assert.equal(older.length, 2)
    assert.deepEqual(await listUses(database.db, { principalId: 'acc_other' }, { limit: 10 }), [])
  })

  test('what cannot be written is kept and written later', async (t) => {
    const { journal, database, list } = await start(t, open)
    const rename = (from: string, to: string) =>
      database.tx(async (db) => {
        await sql.raw(`alter table ${from} rename to ${to}`).execute(tables(db))
      })
    await rename('platform_audit_records', 'away')
    journal.refused(refusal('blog.localhost'))
    journal.used(use)
    await assert.rejects(journal.flush())
    journal.refused(refusal('blog.localhost'))
    journal.used(use)
    await rename('away', 'platform_audit_records')
    await journal.flush()
    assert.deepEqual(
      (await list()).map(({ count }) => count),
      [2],
    )
    const uses = await listUses(database.db, {}, { limit: 10 })
    assert.deepEqual(
      uses.map(({ count }) => count),
      [2],
    )
  })

  test('what cannot be written at the stop is said to be lost, and how much it is', async (t) => {
    const { journal, database, log } = await start(t, open)
    // first: the journal writes by itself twice a second
    await database.tx(async (db) => {
      await sql.raw('alter table platform_audit_records rename to away').execute(tables(db))
    })
    journal.refused(refusal('blog.localhost'))
    journal.refused(refusal('blog.localhost'))
    journal.refused(refusal('wiki.localhost'))
    journal.used(use)
    journal.used(use)
    await assert.rejects(journal.stop())
    const lost = log.entries.find(({ message }) => /is lost/.test(message))
    assert.equal(lost?.level, 'error')
    assert.deepEqual([lost.fields['refusals'], lost.fields['uses']], [3, 2])
  })

  test('the list is narrowed by each filter, newest first, in pages', async (t) => {
    const { clock, database, list, journal } = await start(t, open)
    const began = clock.now()
    for (const [index, action] of [
      'accounts.create',
      'accounts.delete',
      'accountants.create',
      'routes.create',
    ].entries()) {
      const ctx = testContext({ database, clock, ...(index === 3 ? { actor: mara } : {}) })
      await ctx.tx((inner) => inner.audit({ action, target: { type: 'thing', id: `t_${index}` } }))
      clock.advance(1_000)
    }
    journal.refused(refusal('blog.localhost'))
    await journal.flush()
    const actions = async (filter: Parameters<typeof list>[0], page?: Parameters<typeof list>[1]) =>
      (await list(filter, page)).map(({ action }) => action)
    assert.deepEqual(await actions({ actionPrefix: 'accounts.' }), ['accounts.delete', 'accounts.create'])
    assert.deepEqual(await actions({ actorId: 'acc_mara' }), ['routes.create'])
    assert.deepEqual(await actions({ targetType: 'thing', targetId: 't_2' }), ['accountants.create'])
    assert.deepEqual(await actions({ outcome: 'refused' }), ['routes:use'])
    assert.deepEqual(await actions({ from: began + 1_000, to: began + 2_000 }), ['accounts.delete'])
    assert.deepEqual(await actions({ actorId: 'acc_mara', outcome: 'refused' }), [])
    const [newest, second] = await list({}, { limit: 2 })
    assert.deepEqual([newest?.action, second?.action], ['routes:use', 'routes.create'])
    const rest = await listAudit(database.db, {}, { limit: 10, before: second?.position ?? 0 })
    assert.deepEqual(
      rest.map(({ action }) => action),
      ['accountants.create', 'accounts.delete', 'accounts.create'],
    )
  })

  if (dialect === 'sqlite') {
    test('counts of uses alone wait for the disk every ten seconds; what is refused, and a flush, at once', async (t) => {
      const { journal, clock, database } = await start(t, open)
      const { mock } = t.mock.method(database, 'tx')
      const waits = async (writing: number) => {
        while (mock.callCount() < writing) await pause(20)
        return mock.calls[writing - 1]?.arguments[1]?.durableWithNext !== true
      }
      journal.used(use)
      assert.equal(await waits(1), true)
      journal.used(use)
      assert.equal(await waits(2), false)
      journal.refused(refusal('blog.localhost'))
      journal.used(use)
      assert.equal(await waits(3), true)
      clock.advance(9_999)
      journal.used(use)
      assert.equal(await waits(4), false)
      clock.advance(1)
      journal.used(use)
      assert.equal(await waits(5), true)
      journal.used(use)
      await journal.flush()
      assert.equal(await waits(6), true)
    })

    test('the list finds its records by index', async (t) => {
      const { database } = await start(t, open)
      const where = { actor_id: 'x', action: 'x', outcome: 'x' }
      for (const [column, value] of Object.entries(where)) {
        const { rows } = await sql
          .raw<{ detail: string }>(
            `explain query plan select * from platform_audit_records where ${column} = '${value}' order by ordinal desc limit 50`,
          )
          .execute(tables(database.db))
        assert.deepEqual(rows.length, 1, `${column} sorts`)
        assert.match(rows[0]?.detail ?? '', /SEARCH .* USING INDEX/)
      }
    })
  }

  test('a change too large for the journal is refused, and undone', async (t) => {
    const { database, clock, list } = await start(t, open)
    const detail = { text: 'x'.repeat(300_000) }
    await assert.rejects(
      testContext({ database, clock }).tx((ctx) => ctx.audit({ action: 'a.b', detail })),
      { code: 'platform.change-too-large', status: 413 },
    )
    assert.deepEqual(await list(), [])
  })
})
