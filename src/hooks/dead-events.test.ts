import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit, tables } from '#platform'
import { eachDialect } from '#platform/testing'
import { startHooks, type TestHooks } from './testing.ts'

interface Outbox {
  readonly platform_outbox: {
    readonly id: string
    readonly event: string
    readonly payload: string
    readonly at: number
    readonly state: string
    readonly attempts: number
    readonly due_at: number
    readonly last_error: string | null
    readonly announced: number
  }
}

const idOf = (number: number) => `evt_${String(number).padStart(32, '0')}`

async function giveUp(hooks: TestHooks, ...numbers: readonly number[]): Promise<void> {
  await hooks.kernel.database.tx(async (db) => {
    for (const number of numbers) {
      const row = { event: 'some.event', payload: '{}', at: 0, state: 'dead', attempts: 12, due_at: 0, announced: 0 }
      await tables<Outbox>(db)
        .insertInto('platform_outbox')
        .values({ ...row, id: idOf(number), last_error: 'RangeError' })
        .execute()
    }
  })
}

const waiting = (hooks: TestHooks) =>
  tables<Outbox>(hooks.kernel.database.db).selectFrom('platform_outbox').select(['id', 'state', 'attempts']).execute()

eachDialect((_dialect, open) => {
  test('given-up events are listed a page at a time, tried again from the beginning, or dropped with a reason', async (t) => {
    const hooks = await startHooks(t, open)
    await giveUp(hooks, 1, 2, 3)
    const first = await hooks.api('GET', '/dead-events?limit=2')
    assert.deepEqual(
      (first.json['items'] as { id: string; error: string }[]).map(({ id, error }) => [id, error]),
      [1, 2].map((number) => [idOf(number), 'RangeError']),
    )
    const rest = await hooks.api('GET', `/dead-events?limit=2&cursor=${String(first.json['next'])}`)
    assert.equal((rest.json['items'] as unknown[]).length, 1)
    assert.equal((await hooks.api('POST', `/dead-events/${idOf(1)}/retry`)).status, 204)
    assert.deepEqual(
      (await waiting(hooks)).find(({ id }) => id === idOf(1)),
      { id: idOf(1), state: 'waiting', attempts: 0 },
    )
    assert.equal((await hooks.api('POST', `/dead-events/${idOf(2)}/drop`, { reason: '' })).status, 400)
    assert.equal((await hooks.api('POST', `/dead-events/${idOf(2)}/drop`, { reason: 'done by hand' })).status, 204)
    const left = (await waiting(hooks)).map(({ id }) => id).toSorted()
    assert.deepEqual(left, [idOf(1), idOf(3)])
    const records = await listAudit(hooks.kernel.database.db, { actionPrefix: 'dead-events.' }, { limit: 5 })
    assert.deepEqual(
      records.map(({ action, detail }) => [action, detail]),
      [
        ['dead-events.drop', { event: 'some.event', reason: 'done by hand' }],
        ['dead-events.retry', { event: 'some.event' }],
      ],
    )
    for (const id of [idOf(1), idOf(2)]) {
      const again = await hooks.api('POST', `/dead-events/${id}/retry`)
      assert.equal(again.json['code'], 'hooks.dead-event-unknown', 'what waits or is gone is not given up')
    }
  })

  test('who may only see given-up events changes none, and their number is a metric', async (t) => {
    const hooks = await startHooks(t, open)
    await giveUp(hooks, 1)
    await hooks.addPerson('acc_reader', ['dead-events:read'])
    assert.equal((await hooks.api('GET', '/dead-events', undefined, 'acc_reader')).status, 200)
    for (const [verb, body] of [
      ['retry', undefined],
      ['drop', { reason: 'whatever' }],
    ] as const) {
      assert.equal((await hooks.api('POST', `/dead-events/${idOf(1)}/${verb}`, body, 'acc_reader')).status, 403)
    }
    assert.equal((await waiting(hooks)).length, 1)
    assert.match(await hooks.kernel.metrics.text(), /gatehouse_dead_events \d/)
  })
})
