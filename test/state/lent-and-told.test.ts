import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect, fakeClock } from '#platform/testing'
import { apply, changesOf, exported, faultsOf, startStateNode } from './house.ts'

const accounts = { sam: { displayName: 'Sam Vimes' }, fred: {} }

eachDialect((_, open) => {
  test('grants are declared by who gets what until when, and one that ends at another time takes its place', async (t) => {
    const clock = fakeClock()
    const node = await startStateNode(t, open, { clock })
    const later = (hours: number) => new Date(clock.now() + hours * 3_600_000).toISOString()
    const file = (endsAt: string | null) => ({
      version: 1,
      accounts,
      grants: { 'sam/routes:read': { endsAt, note: 'For the audit' }, 'fred/accounts:read routes:read': {} },
    })
    const first = file(later(1))
    assert.deepEqual((await changesOf(node.local, first)).toSorted(), [
      'create accounts/fred',
      'create accounts/sam',
      'create grants/fred/accounts:read routes:read',
      'create grants/sam/routes:read',
    ])
    await apply(node.local, first)
    assert.deepEqual(await changesOf(node.local, first), [])
    const state = await exported(node.local)
    assert.deepEqual(await changesOf(node.local, state, true), [])
    assert.deepEqual((state['grants'] as Record<string, unknown>)['sam/routes:read'], {
      note: 'For the audit',
      startsAt: null,
      endsAt: later(1),
    })

    const second = file(later(2))
    assert.deepEqual(await changesOf(node.local, second), ['update grants/sam/routes:read'])
    await apply(node.local, second)
    assert.deepEqual(await changesOf(node.local, second), [])
    const actions = (await listAudit(node.kernel.database.db, { actionPrefix: 'grants.' }, { limit: 9 })).map(
      ({ action }) => action,
    )
    assert.deepEqual(actions.toSorted(), ['grants.create', 'grants.create', 'grants.create', 'grants.revoke'])

    clock.advance(2 * 3_600_000)
    assert.deepEqual(
      await changesOf(node.local, { version: 1, grants: second.grants }, true),
      [],
      'what is over by itself is no difference',
    )
    const without = { version: 1, grants: { 'sam/routes:read': { endsAt: second.grants['sam/routes:read'].endsAt } } }
    assert.deepEqual(await changesOf(node.local, without, true), ['delete grants/fred/accounts:read routes:read'])
    await apply(node.local, without, true)
    assert.deepEqual(await changesOf(node.local, without, true), [])
  })

  test('a grant that cannot be is a fault of the file', async (t) => {
    const node = await startStateNode(t, open)
    const faults = (grants: object) => faultsOf(node.local, { version: 1, accounts, grants })
    for (const name of [
      'sam',
      'sam/',
      '/routes:read',
      'sam/routes:read routes:read',
      'sam/routes:read accounts:read',
    ]) {
      assert.equal((await faults({ [name]: {} })).length, 1, name)
    }
    assert.match((await faults({ 'nobody/routes:read': {} })).join(), /nobody/)
    assert.match((await faults({ 'sam/nothing:like': {} })).join(), /nothing:like/)
    assert.match((await faults({ 'sam/routes:read': { endsAt: 'tomorrow' } })).join(), /endsAt/)
    assert.match((await faults({ 'sam/routes:read': { permissions: [] } })).join(), /permissions/)
  })

  test('webhooks are declared without their secret, which is told once', async (t) => {
    const node = await startStateNode(t, open)
    const webhooks = { siem: { url: 'https://siem.example.org/hook', events: ['webhooks.delete', 'accounts.delete'] } }
    const file = { version: 1, webhooks }
    assert.deepEqual(await changesOf(node.local, file), ['create webhooks/siem'])
    const { secrets } = await apply(node.local, file)
    assert.deepEqual(
      secrets.map(({ kind, name, what }) => [kind, name, what]),
      [['webhooks', 'siem', 'secret']],
    )
    assert.match(secrets[0]?.secret ?? '', /^whsec_/)
    assert.deepEqual(await changesOf(node.local, file), [])
    const state = await exported(node.local)
    assert.equal(JSON.stringify(state).includes('whsec_'), false)
    assert.deepEqual(await changesOf(node.local, state, true), [])

    const paused = { version: 1, webhooks: { siem: { events: ['accounts.*'], paused: true } } }
    assert.deepEqual(await changesOf(node.local, paused), ['update webhooks/siem'])
    assert.deepEqual((await apply(node.local, paused)).secrets, [], 'its secret stays')
    assert.deepEqual(await changesOf(node.local, paused), [])
    assert.deepEqual(
      await apply(node.local, { version: 1, webhooks: { siem: { paused: false } } }).then(({ items }) => items.length),
      1,
    )
    assert.match((await faultsOf(node.local, { version: 1, webhooks: { other: {} } })).join(), /url/)
    assert.match((await faultsOf(node.local, { version: 1, webhooks: { siem: { secret: 'x' } } })).join(), /secret/)
    assert.match(
      (await faultsOf(node.local, { version: 1, webhooks: { siem: { events: ['no.such'] } } })).join(),
      /no\.such/,
    )
    assert.deepEqual(await changesOf(node.local, { version: 1, webhooks: {} }, true), ['delete webhooks/siem'])
    await apply(node.local, { version: 1, webhooks: {} }, true)
  })
})
