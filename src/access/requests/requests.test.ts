import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { accountActor } from '../testing.ts'
import { whyWorld } from '../why/testing.ts'
import { forgetRequests, mostOpen } from './access-requests.ts'

const hour = 3_600_000
const kept = { permission: 'wikis:use:kept', reason: 'To mend <b>a page</b>' }

eachDialect((_, open) => {
  async function world(t: Parameters<typeof open>[0]) {
    const made = await whyWorld(t, open)
    const { call } = made
    const ask = async (who: string, body: Record<string, unknown> = kept) => {
      const asked = await call(who, 'POST', '/api/v1/access-requests', body)
      assert.equal(asked.status, 201, asked.text)
      return String(asked.json['id'])
    }
    const list = async (who: string, query = '') => {
      const answer = await call(who, 'GET', `/api/v1/access-requests${query}`)
      assert.equal(answer.status, 200, answer.text)
      return (answer.json['items'] as { id: string; state: string }[]).map(({ id, state }) => `${state} ${id}`)
    }
    const may = async (who: string, permission: string) =>
      (await call(who, 'GET', `/api/v1/why?permission=${permission}`)).json['allowed']
    return { ...made, ask, list, may }
  }

  test('what was refused is asked for, granted for an hour, and over after it', async (t) => {
    const { call, ask, list, may, clock } = await world(t)
    assert.equal(await may('acc_nobody', kept.permission), false)
    const id = await ask('acc_nobody')
    assert.deepEqual(await list('acc_editor'), [`open ${id}`])
    assert.deepEqual(await list('acc_admin'), [`open ${id}`])
    assert.deepEqual(await list('acc_nobody'), [], 'nobody answers their own')
    const granted = await call('acc_editor', 'POST', `/api/v1/access-requests/${id}/grant`, {})
    assert.equal(granted.status, 200, granted.text)
    const grant = await call('acc_nobody', 'GET', `/api/v1/grants/${String(granted.json['grant'])}`)
    assert.deepEqual(
      [grant.json['grantor'], grant.json['permissions'], grant.json['endsAt']],
      ['acc_editor', ['wikis:use:kept'], '2026-01-01T01:00:00.000Z'],
    )
    assert.equal(await may('acc_nobody', kept.permission), true)
    assert.equal(await may('acc_nobody', 'wikis:use'), false, 'nothing beyond what was asked')
    assert.deepEqual(await list('acc_nobody', '?mine=true'), [`granted ${id}`])
    assert.deepEqual(await list('acc_editor'), [])
    clock.advance(hour)
    assert.equal(await may('acc_nobody', kept.permission), false)
  })

  test('declined with words, withdrawn, answered once', async (t) => {
    const { call, ask, list } = await world(t)
    const first = await ask('acc_nobody')
    const declined = await call('acc_editor', 'POST', `/api/v1/access-requests/${first}/decline`, { words: 'Ask Ada.' })
    assert.deepEqual([declined.json['state'], declined.json['answer']], ['declined', 'Ask Ada.'])
    for (const [who, verb] of [
      ['acc_admin', 'grant'],
      ['acc_editor', 'decline'],
      ['acc_nobody', 'withdraw'],
    ] as const) {
      const late = await call(
        who,
        'POST',
        `/api/v1/access-requests/${first}/${verb}`,
        verb === 'withdraw' ? undefined : {},
      )
      assert.deepEqual([late.status, late.json['code']], [409, 'access.request-over'], verb)
    }
    const second = await ask('acc_nobody')
    assert.equal((await call('acc_nobody', 'POST', `/api/v1/access-requests/${second}/withdraw`)).status, 200)
    assert.deepEqual(await list('acc_editor'), [])
  })

  test('two answers at the same moment: one stands, and there is one grant at most', async (t) => {
    const { call, ask } = await world(t)
    const id = await ask('acc_nobody')
    const both = await Promise.all(
      ['acc_editor', 'acc_admin'].map((who) => call(who, 'POST', `/api/v1/access-requests/${id}/grant`, {})),
    )
    assert.deepEqual(both.map(({ status }) => String(status)).toSorted(), ['200', '409'])
    const grants = await call('acc_admin', 'GET', '/api/v1/grants?grantee=acc_nobody')
    assert.equal((grants.json['items'] as unknown[]).length, 1)
  })

  test('a request that could not help is not made: permitted already, forbidden, no permission at all', async (t) => {
    const { call } = await world(t)
    const code = async (who: string, permission: string) =>
      (await call(who, 'POST', '/api/v1/access-requests', { permission, reason: 'x' })).json['code']
    assert.equal(await code('acc_nobody', 'wikis:use:open'), 'access.request-needless')
    assert.equal(await code('acc_nobody', 'wikis:use:shut'), 'access.request-hopeless')
    assert.equal(await code('acc_nobody', 'wikis:fly'), 'access.bad-permission')
    assert.equal(await code('acc_nobody', '*'), 'access.bad-permission')
    const local = await (await world(t)).house.call({
      method: 'POST',
      path: '/api/v1/access-requests',
      body: kept,
      local: true,
    })
    assert.equal(local.json['code'], 'access.request-for-account')
  })

  test('attack 36: nobody sees or answers what they could not grant, nor their own, nor through a narrow token', async (t) => {
    const { call, ask, list, actors } = await world(t)
    const id = await ask('acc_nobody')
    actors.set('narrow', accountActor('acc_editor', { kind: 'token', permissions: ['grants:create', 'roles:read'] }))
    for (const who of ['acc_auditor', 'narrow']) {
      assert.deepEqual(await list(who), [], who)
      for (const [verb, body] of [
        ['grant', {}],
        ['decline', {}],
        ['withdraw', undefined],
      ] as const) {
        const answer = await call(who, 'POST', `/api/v1/access-requests/${id}/${verb}`, body)
        assert.deepEqual([answer.status, answer.json['code']], [404, 'access.request-unknown'], `${who} ${verb}`)
      }
      assert.equal((await call(who, 'GET', `/requests/${id}`)).status, 404)
      assert.equal((await call(who, 'GET', `/api/v1/access-requests/${id}`)).status, 404)
    }
    const own = await call('acc_nobody', 'POST', `/api/v1/access-requests/${id}/grant`, {})
    assert.deepEqual([own.status, own.json['code']], [403, 'access.request-own'])
    const wide = await ask('acc_nobody', { permission: 'roles:read', reason: 'curious' })
    assert.deepEqual(await list('acc_editor'), [`open ${id}`], 'an editor holds no roles:read')
    assert.equal((await call('acc_editor', 'POST', `/api/v1/access-requests/${wide}/grant`, {})).status, 404)
    assert.equal(
      (await call('acc_admin', 'POST', `/api/v1/access-requests/${wide}/grant`, { durationSeconds: 604_801 })).status,
      400,
    )
  })

  test('bounded: one open request for a permission, ten open in all; unanswered ones go away', async (t) => {
    const { call, ask, list, clock, house } = await world(t)
    await ask('acc_nobody')
    const again = await call('acc_nobody', 'POST', '/api/v1/access-requests', kept)
    assert.equal(again.json['code'], 'access.request-open')
    for (let other = 1; other < mostOpen; other++) {
      await ask('acc_nobody', { permission: `wikis:use:gone-${other}`, reason: 'x' })
    }
    const over = await call('acc_nobody', 'POST', '/api/v1/access-requests', { permission: 'wikis:use', reason: 'x' })
    assert.equal(over.json['code'], 'access.too-many')
    clock.advance(7 * 24 * hour)
    assert.deepEqual(await list('acc_editor'), [])
    const late = (await list('acc_nobody', '?mine=true'))[0]?.split(' ')[1] ?? ''
    assert.match((await list('acc_nobody', '?mine=true')).join(), /^expired/)
    const answer = await call('acc_editor', 'POST', `/api/v1/access-requests/${late}/grant`, {})
    assert.equal(answer.json['code'], 'access.request-over')
    await ask('acc_nobody')
    const ctx = () => house.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
    await forgetRequests(ctx())
    assert.equal((await list('acc_nobody', '?mine=true')).length, 1)
    clock.advance(31 * 24 * hour)
    await forgetRequests(ctx())
    assert.deepEqual(await list('acc_nobody', '?mine=true'), [])
  })

  test('every step stands in the journal', async (t) => {
    const { call, ask, house } = await world(t)
    const id = await ask('acc_nobody')
    await call('acc_editor', 'POST', `/api/v1/access-requests/${id}/grant`, {})
    const records = await listAudit(house.kernel.database.db, {}, { limit: 100 })
    const actions = records.map(({ action, actor }) => `${actor.id} ${action}`)
    for (const wanted of [
      'acc_nobody access-requests.create',
      'acc_editor grants.create',
      'acc_editor access-requests.grant',
    ]) {
      assert.ok(actions.includes(wanted), `${wanted} in ${actions.join(', ')}`)
    }
  })

  test('the pages: asked on Why, answered on the request, and told that a grant would no longer open it', async (t) => {
    const { call } = await world(t)
    assert.match((await call('acc_nobody', 'GET', '/why?permission=wikis:use:kept')).text, /Ask for access/)
    assert.doesNotMatch((await call('acc_nobody', 'GET', '/why?permission=wikis:use:shut')).text, /Ask for access/)
    const asked = await call('acc_nobody', 'POST', '/requests', { ...kept, duration: '8h' })
    assert.equal(asked.status, 303)
    const path = asked.headers.location ?? ''
    assert.match((await call('acc_nobody', 'GET', path)).text, /It waits for an answer/)
    const page = (await call('acc_editor', 'GET', path)).text
    assert.match(page, /Grant it to acc_nobody/)
    assert.match(page, /To mend &lt;b&gt;a page/)
    assert.match(page, /<option value="8h" selected>/)
    assert.equal((await call('acc_editor', 'POST', `${path}/grant`, { duration: '15m' })).status, 303)
    assert.match((await call('acc_nobody', 'GET', path)).text, /acc_editor granted it/)
    assert.match((await call('acc_nobody', 'GET', '/requests?mine=true')).text, /Granted/)
    // as much as the form takes, sent as browsers send line breaks
    const lines = `${'a\r\n'.repeat(249)}ab`
    const long = await call('acc_nobody', 'POST', '/requests', { permission: 'wikis:use:gone', reason: lines })
    assert.equal(long.status, 303, long.text)
    const late = await call('acc_admin', 'POST', `${path}/decline`, { words: lines })
    assert.equal(late.status, 400)
    assert.match(late.text, /granted already/)
    assert.match((await call('acc_editor', 'GET', long.headers.location ?? '')).text, /There is no such thing/)
  })
})
