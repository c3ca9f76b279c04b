import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '#platform/testing'
import { addPerson, adminPassword, browser, startSetUpNode } from '../testing.ts'

const password = 'a long enough password'

const sureAdministrators = `@id("administrators-prove-more")
forbid (principal is Gatehouse::Account, action == Gatehouse::Action::"sessions:open", resource)
when { context.via.contains("role:administrator") }
unless { context.assurance >= 2 && context.phishingResistant };`

const twoForAll = `@id("two-factors")
forbid (principal is Gatehouse::Account, action == Gatehouse::Action::"sessions:open", resource)
unless { context.assurance >= 2 };`

const nobody = `@id("closed")
forbid (principal is Gatehouse::Account, action == Gatehouse::Action::"sessions:open", resource)
unless { context.networks.contains("office") };`

eachDialect((_dialect, open) => {
  async function ruled(t: Parameters<typeof open>[0], text: string) {
    const node = await startSetUpNode(t, open)
    await addPerson(node.admin, 'ada', password)
    const made = await node.admin.post('/api/v1/policies', { name: 'rule', text, state: 'enforced', reason: 'test' })
    assert.equal(made.status, 201, made.text)
    return node
  }

  test('a rule about signing in asks administrators for a factor that works here alone, and others for nothing', async (t) => {
    const node = await ruled(t, sureAdministrators)
    await browser(node, '198.51.100.7').signIn('ada', password)
    const admin = browser(node, '192.0.2.1')
    const half = await admin.post('/sign-in', { handle: 'admin', password: adminPassword })
    assert.match(half.text, /\/sign-in\/second/)
    assert.equal(admin.cookies.has('__Host-gatehouse'), false)
    assert.ok(admin.cookies.has('__Host-gatehouse-sign-in'))
    const page = await admin.get('/sign-in/second')
    assert.match(page.text, /A passkey or a client certificate/)
    assert.doesNotMatch(page.text, /authenticator app/, 'codes of an app would not do')
  })

  test('attack 29: a half sign-in is worth nothing: not on pages, not in the API, not as a token or session', async (t) => {
    const node = await ruled(t, twoForAll)
    const ada = browser(node, '198.51.100.7')
    await ada.post('/sign-in', { handle: 'ada', password })
    const half = ada.cookies.get('__Host-gatehouse-sign-in') ?? ''
    assert.notEqual(half, '')
    for (const path of ['/account', '/account/security', '/account/prove', '/account/credentials/new/passkey']) {
      assert.match((await ada.get(path)).headers['location']?.toString() ?? '', /^\/sign-in\?/, path)
    }
    assert.equal((await ada.get('/api/v1/me')).status, 401)
    const api = await node.call({
      method: 'POST',
      path: '/api/v1/sign-in',
      body: { handle: 'ada', password, label: 'laptop' },
      address: '198.51.100.8',
    })
    assert.equal(api.status, 202)
    for (const token of [half, String(api.json['signIn'])]) {
      const bearer = await node.call({ path: '/api/v1/me', headers: { authorization: `Bearer ${token}` } })
      assert.equal(bearer.status, 401)
      const cookie = await node.call({ path: '/api/v1/me', headers: { cookie: `__Host-gatehouse=${token}` } })
      assert.equal(cookie.status, 401)
    }
  })

  test('a rule that no proof satisfies refuses the sign-in and says why, to who proved themselves alone', async (t) => {
    const node = await ruled(t, nobody)
    const wrong = await browser(node, '198.51.100.7').post('/sign-in', { handle: 'ada', password: 'not the password' })
    assert.equal(wrong.status, 401)
    assert.doesNotMatch(wrong.text, /rule/)
    const right = await browser(node, '198.51.100.8').post('/sign-in', { handle: 'ada', password })
    assert.equal(right.status, 403, right.text)
    assert.match(right.text, /a rule of this Gatehouse refuses/)
  })

  test('every template that is offered can be saved as it is here', async (t) => {
    const node = await startSetUpNode(t, open)
    const { items } = (await node.admin.get('/api/v1/policy-templates')).json as {
      readonly items: readonly { readonly name: string; readonly text: string }[]
    }
    assert.ok(items.length > 4)
    for (const { name, text } of items) {
      const made = await node.admin.post('/api/v1/policies', { name, text, state: 'shadow', reason: 'test' })
      const known = made.status === 201 || /routes:|certificates:/.test(made.text)
      assert.ok(known, `${name}: ${made.text}`)
    }
  })
})
