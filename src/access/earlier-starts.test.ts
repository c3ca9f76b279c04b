import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tables } from '#platform'
import { eachDialect, fakeClock, testContext } from '#platform/testing'
import { earlierStarts } from './earlier-starts.ts'
import { permissions } from './permissions.ts'
import { policies } from './policies.ts'
import { openPolicyEngine } from './policy-engine.ts'
import type { Tables } from './tables.ts'
import { accessMigrations, testKeyring } from './testing.ts'

const digest = 'a'.repeat(64)
const other = 'b'.repeat(64)

eachDialect((_, open) => {
  async function world(t: test.TestContext) {
    const clock = fakeClock()
    const database = await open(t, { clock, rooms: [accessMigrations] })
    const ctx = testContext({
      database,
      clock,
      actor: { principal: { kind: 'system', id: 'system', name: 'Gatehouse' } },
    })
    const rows = () => tables<Tables>(database.db).selectFrom('access_policy_readings').selectAll().execute()
    const change = (values: { readonly digest?: string; readonly reading?: string; readonly mac?: string }) =>
      ctx.tx((inner) => tables<Tables>(inner.db).updateTable('access_policy_readings').set(values).execute())
    return { ctx, rows, change, earlier: earlierStarts(ctx, testKeyring) }
  }

  test('a reading is found under its digest; keeping another forgets it; keeping twice is one', async (t) => {
    const { earlier, rows } = await world(t)
    assert.equal(await earlier.readings.find(digest), undefined)
    await earlier.readings.keep(digest, '{"a":1}')
    assert.equal(await earlier.readings.find(digest), '{"a":1}')
    assert.equal(await earlier.readings.find(other), undefined)
    await Promise.all([earlier.readings.keep(other, '{}'), earlier.readings.keep(other, '{}')])
    assert.equal(await earlier.readings.find(digest), undefined)
    assert.equal(await earlier.readings.find(other), '{}')
    assert.equal((await rows()).length, 1)
  })

  test('a reading that somebody else wrote, moved or damaged is not taken', async (t) => {
    const { ctx, earlier, change, rows } = await world(t)
    const [row] = await (async () => {
      await earlier.readings.keep(digest, '{"a":1}')
      return rows()
    })()
    for (const values of [
      { reading: '{"a":2}' },
      { mac: '' },
      { mac: 'zz' },
      { mac: `${row?.mac}00` },
      { mac: Buffer.alloc(32).toString('hex') },
      { mac: Buffer.from(testKeyring.mac('access.other', `${digest}\n{"a":1}`)).toString('hex') },
    ]) {
      await change({ digest, reading: '{"a":1}', mac: row?.mac ?? '', ...values })
      assert.equal(await earlier.readings.find(digest), undefined, JSON.stringify(values))
    }
    await change({ digest: other, reading: '{"a":1}', mac: row?.mac ?? '' })
    assert.equal(await earlier.readings.find(other), undefined, 'moved to another digest')
    const stranger = earlierStarts(ctx, { mac: () => Buffer.alloc(32, 7) })
    await change({ digest })
    assert.equal(await stranger.readings.find(digest), undefined, 'under another key')
    assert.equal(await earlier.readings.find(digest), '{"a":1}', 'as it was')
  })

  test('policies slipped into the row never decide: they are read anew and the row is replaced', async (t) => {
    const { ctx, change, rows } = await world(t)
    const start = () => openPolicyEngine([policies], permissions, earlierStarts(ctx, testKeyring))
    const honest = await start()
    const [row] = await rows()
    assert.ok(row)
    await change({ reading: row.reading.replaceAll('!context.via.isEmpty()', 'context.via.isEmpty()') })
    assert.notEqual((await rows())[0]?.reading, row.reading)
    const again = await start()
    assert.deepEqual(again.policies, honest.policies)
    assert.equal((await rows())[0]?.reading, row.reading)
  })
})
