import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '#platform/testing'
import { whyWorld } from './why/testing.ts'

eachDialect((_, open) => {
  test('a grant is made in two steps, the first of which says what the second will do', async (t) => {
    const { call } = await whyWorld(t, open)
    assert.match((await call('acc_editor', 'GET', '/grants/new')).text, /Nothing happens before the next page/)
    const query = 'grantee=acc_nobody&permissions=wikis:use:kept&duration=1h&note=x'
    const asked = await call('acc_editor', 'GET', `/grants/confirm?${query}`)
    assert.match(asked.text, /acc_nobody may at once do what is listed/)
    assert.match(asked.text, /ends by itself after one hour/)
    const none = await call('acc_admin', 'GET', '/api/v1/grants')
    assert.deepEqual(none.json['items'], [], 'a question changes nothing')
    const body = { grantee: 'acc_nobody', permissions: 'wikis:use:kept', duration: '1h', note: '<b>bold</b>' }
    const made = await call('acc_editor', 'POST', '/grants', body)
    assert.equal(made.status, 303)
    const path = made.headers.location ?? ''
    assert.match((await call('acc_nobody', 'GET', path)).text, /acc_editor lends to acc_nobody/)
    assert.doesNotMatch((await call('acc_admin', 'GET', path)).text, /<b>bold/)
    const list = await call('acc_admin', 'GET', '/grants?grantee=acc_nobody&grantor=')
    assert.match(list.text, /Read a wiki: only kept/)
    assert.match((await call('acc_admin', 'GET', '/grants?grantee=acc_admin')).text, /No grant fits/)
    assert.equal((await call('acc_nobody', 'GET', '/grants')).status, 403)
    assert.match((await call('acc_editor', 'GET', `${path}/revoke`)).text, /may at once no longer do/)
    assert.equal((await call('acc_auditor', 'POST', `${path}/revoke`)).status, 403)
    assert.equal((await call('acc_editor', 'POST', `${path}/revoke`)).status, 303)
    assert.match((await call('acc_admin', 'GET', path)).text, /Revoked/)
  })

  test('the form keeps what was typed and says what cannot be passed on', async (t) => {
    const { call } = await whyWorld(t, open)
    for (const [query, words] of [
      ['grantee=acc_nobody&permissions=roles:read', /you do not hold roles:read yourself/],
      ['grantee=acc_editor&permissions=wikis:use', /to somebody else/],
      ['grantee=acc_gone&permissions=wikis:use', /nobody is known under this id/],
      ['grantee=acc_nobody&permissions=wikis:fly', /wikis:fly is not a permission/],
      ['permissions=', /choose who/],
    ] as const) {
      const answer = await call('acc_editor', 'GET', `/grants/confirm?${query}`)
      assert.equal(answer.status, 400, query)
      assert.match(answer.text, words)
    }
    const forced = { grantee: 'acc_nobody', permissions: 'roles:read', duration: '1h', note: '' }
    assert.equal((await call('acc_editor', 'POST', '/grants', forced)).status, 400)
    assert.deepEqual((await call('acc_admin', 'GET', '/api/v1/grants')).json['items'], [])
  })
})
