import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noLimits } from '#kit'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { addPerson, adminPassword, browser, startSetUpNode } from '../testing.ts'
import { newCredential } from './credential.ts'
import { insertCredential } from './credential-store.ts'

const password = 'a long enough password'
const narrowPassword = 'narrow lanterns by the river'
const minute = 60_000

interface Listed {
  readonly id: string
  readonly kind: string
  readonly label: string
  readonly current: boolean
}

eachDialect((_dialect, open) => {
  test('the security page lists what one signs in with, and renames it', async (t) => {
    const node = await startSetUpNode(t, open)
    const [own] = (await node.admin.get('/api/v1/credentials')).json['items'] as Listed[]
    assert.ok(own)
    assert.equal(own.kind, 'password')
    assert.equal(own.current, true)
    assert.match((await node.admin.get('/account/security')).text, /Ways to sign in.*Password.*In use here/s)
    const named = await node.admin.post(`/credentials/${own.id}/rename`, { label: '  The old one ' })
    assert.equal(named.headers['location'], '/account/security?done=renamed')
    assert.match((await node.admin.get('/account/security')).text, /The old one/)
    const bad = await node.admin.post(`/credentials/${own.id}/rename`, { label: 'a\u202eb' })
    assert.equal(bad.status, 400)
    assert.match(bad.text, /Use 1 to 100 characters/)
    const renamed = await node.admin.send('PATCH', `/api/v1/credentials/${own.id}`, { label: 'Third' })
    assert.equal(renamed.json['label'], 'Third')
  })

  test('a change of how one signs in asks for a proof within ten minutes; a new one counts', async (t) => {
    const node = await startSetUpNode(t, open)
    await addPerson(node.admin, 'ada', password)
    const ada = browser(node, '198.51.100.7')
    await ada.signIn('ada', password)
    const [own] = (await ada.get('/api/v1/credentials')).json['items'] as Listed[]
    assert.ok(own)
    node.clock.advance(10 * minute)
    const path = `/credentials/${own.id}/revoke`
    const sent = await ada.get(path)
    assert.equal(sent.status, 303)
    assert.equal(sent.headers['location'], `/account/prove?to=${encodeURIComponent(path)}`)
    const refused = await ada.send('DELETE', `/api/v1/credentials/${own.id}`)
    assert.equal(refused.json['code'], 'identity.proof-needed')
    assert.match((await ada.get(`/account/prove?to=${encodeURIComponent(path)}`)).text, /Is it still you\?/)

    const wrong = await ada.post('/account/prove/password', { password: adminPassword, to: path })
    assert.equal(wrong.status, 401)
    const before = ada.cookies.get('__Host-gatehouse')
    const proved = await ada.post('/account/prove/password', { password, to: path })
    assert.equal(proved.headers['location'], path)
    assert.notEqual(ada.cookies.get('__Host-gatehouse'), before, 'the session has a new token')
    const page = await ada.get(path)
    assert.match(page.text, /last way you can sign in/)
    assert.match(page.text, /One session that rests on it ends/)
    node.clock.advance(10 * minute)
    assert.match((await ada.post(path)).text, /Is it still you\?/, 'and asks again ten minutes later')
    assert.equal((await ada.get('/api/v1/me')).status, 200)
    const records = await listAudit(node.kernel.database.db, { actionPrefix: 'sessions.prove' }, { limit: 10 })
    assert.equal(records.length, 1)
  })

  test('revoking ends the sessions and command-line sign-ins that rest on it, everywhere at once', async (t) => {
    const node = await startSetUpNode(t, open)
    await addPerson(node.admin, 'ada', password)
    const [one, two] = [browser(node, '198.51.100.7'), browser(node, '198.51.100.8')]
    await one.signIn('ada', password)
    await two.signIn('ada', password)
    const cli = await node.call({
      method: 'POST',
      path: '/api/v1/sign-in',
      body: { handle: 'ada', password, label: 'laptop' },
      address: '198.51.100.9',
    })
    const bearer = { authorization: `Bearer ${String(cli.json['secret'])}` }
    assert.equal((await node.call({ path: '/api/v1/me', headers: bearer })).status, 200)
    const all = (await one.get('/api/v1/credentials')).json['items'] as Listed[]
    const own = all.find(({ kind }) => kind === 'password')
    assert.ok(own)
    const done = await one.post(`/credentials/${own.id}/revoke`)
    assert.equal(done.headers['location'], '/sign-in')
    assert.equal((await two.get('/api/v1/me')).status, 401)
    assert.equal((await node.call({ path: '/api/v1/me', headers: bearer })).status, 401)
    const again = await browser(node, '198.51.100.7').post('/sign-in', { handle: 'ada', password })
    assert.equal(again.status, 401)
  })

  test('nobody sees, renames or revokes somebody else’s', async (t) => {
    const node = await startSetUpNode(t, open)
    await addPerson(node.admin, 'ada', password)
    const ada = browser(node, '198.51.100.7')
    await ada.signIn('ada', password)
    const [theirs] = (await node.admin.get('/api/v1/credentials')).json['items'] as Listed[]
    assert.ok(theirs)
    for (const path of [`/credentials/${theirs.id}/revoke`, `/credentials/${theirs.id}/rename`]) {
      assert.equal((await ada.get(path)).status, 403, path)
      assert.equal((await ada.post(path, path.endsWith('rename') ? { label: 'mine' } : {})).status, 403, path)
    }
    assert.equal((await ada.send('DELETE', `/api/v1/credentials/${theirs.id}`)).status, 403)
    assert.equal((await ada.get(`/api/v1/credentials/${theirs.id}`)).status, 403)
  })

  test('tokens are made, and other people’s passwords set, by a session only after a fresh proof; by tokens within theirs', async (t) => {
    const node = await startSetUpNode(t, open)
    const ada = await addPerson(node.admin, 'ada', password)
    const wanted = { label: 'ci', permissions: ['accounts:*', 'credentials:*', 'tokens:*'], expiresAt: null }
    const made = await node.admin.post('/api/v1/tokens', wanted)
    assert.equal(made.status, 201, made.text)
    const headers = { authorization: `Bearer ${String(made.json['secret'])}` }
    node.clock.advance(10 * minute)
    assert.equal((await node.admin.post('/api/v1/tokens', wanted)).json['code'], 'identity.proof-needed')
    assert.equal((await node.admin.get('/account/tokens/new')).status, 303)
    assert.equal((await node.admin.get(`/accounts/${ada}/reset-password`)).status, 303)
    const reset = `/api/v1/accounts/${ada}/reset-password`
    assert.equal((await node.admin.post(reset, {})).json['code'], 'identity.proof-needed')
    const narrower = { ...wanted, permissions: ['accounts:read'] }
    const byToken = await node.call({ method: 'POST', path: '/api/v1/tokens', headers, body: narrower })
    assert.equal(byToken.status, 201, byToken.text)
    assert.equal((await node.call({ method: 'POST', path: reset, headers, body: {} })).status, 200)
  })

  test('a limited token sees and revokes nothing that reaches further than itself', async (t) => {
    const node = await startSetUpNode(t, open)
    const made = await node.admin.post('/api/v1/tokens', {
      label: 'narrow',
      permissions: ['credentials:*', 'tokens:*'],
      expiresAt: null,
    })
    const headers = { authorization: `Bearer ${String(made.json['secret'])}` }
    const wider = { label: 'wider', permissions: ['*'], expiresAt: null }
    const other = String(((await node.admin.post('/api/v1/tokens', wider)).json['token'] as { id: string }).id)
    const seen = (await node.call({ path: '/api/v1/credentials', headers })).json['items'] as Listed[]
    assert.deepEqual(
      seen.map(({ kind }) => kind),
      ['token'],
      'itself, and not the password',
    )
    const tokens = (await node.call({ path: '/api/v1/tokens', headers })).json['items'] as Listed[]
    assert.deepEqual(
      tokens.map(({ label }) => label),
      ['narrow'],
    )
    const reset = await node.call({ method: 'POST', path: `/api/v1/tokens/${other}/reset`, headers })
    assert.equal(reset.status, 403, reset.text)
    const all = (await node.admin.get('/api/v1/credentials')).json['items'] as Listed[]
    const wide = all.find(({ kind }) => kind === 'password')
    assert.ok(wide)
    const hidden = await node.call({ path: `/api/v1/credentials/${wide.id}`, headers })
    assert.equal(hidden.json['code'], 'identity.no-such-credential')
    const refused = await node.call({ method: 'DELETE', path: `/api/v1/credentials/${wide.id}`, headers })
    assert.equal(refused.json['code'], 'identity.proof-needed')
  })

  test('a session is listed with what it was opened with, of which a limited one is told only what it reaches', async (t) => {
    const node = await startSetUpNode(t, open)
    const [own] = (await node.admin.get('/api/v1/credentials')).json['items'] as Listed[]
    await node.admin.send('PATCH', `/api/v1/credentials/${own?.id}`, { label: 'At my desk' })
    const wider = { label: 'Deploys', permissions: ['*'], expiresAt: null }
    const token = (await node.admin.post('/api/v1/tokens', wider)).json['token'] as { id: string }
    const permissions = ['credentials:*', 'sessions:*', 'tokens:*', 'accounts:read']
    const added = await node.admin.post('/api/v1/passwords', { label: 'Kiosk', password: narrowPassword, permissions })
    assert.equal(added.status, 201, added.text)
    const kiosk = browser(node, '198.51.100.7')
    await kiosk.signIn('admin', narrowPassword)
    const full = (await node.admin.get('/account/security')).text
    for (const words of ['Signed in with', 'At my desk (password)', 'Kiosk (password)', 'Deploys']) {
      assert.ok(full.includes(words), words)
    }
    const me = String((await node.admin.get('/api/v1/me')).json['id'])
    for (const path of ['/account/security', `/accounts/${me}`]) {
      const { status, text } = await kiosk.get(path)
      assert.equal(status, 200, path)
      assert.ok(text.includes('Kiosk (password)'), path)
      assert.ok(text.includes('not shown to you'), path)
      assert.doesNotMatch(text, /At my desk|Deploys/, path)
    }
    assert.equal((await kiosk.get(`/tokens/${token.id}/revoke`)).status, 404)
    assert.equal((await node.admin.get(`/tokens/${token.id}/revoke`)).status, 200)
  })

  test('a certificate, whose limits another room keeps, is seen by who came with everything or with it', async (t) => {
    const node = await startSetUpNode(t, open)
    const accountId = String((await node.admin.get('/api/v1/me')).json['id'])
    const ctx = node.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
    const card = newCredential(ctx, { ...noLimits, permissions: [], accountId, kind: 'certificate', label: 'Card' })
    await ctx.tx((tx) => insertCredential(tx.db, card, {}))
    const permissions = ['credentials:read', 'sessions:*']
    await node.admin.post('/api/v1/passwords', { label: 'Kiosk', password: narrowPassword, permissions })
    const kiosk = browser(node, '198.51.100.7')
    await kiosk.signIn('admin', narrowPassword)
    const labels = async (who: typeof kiosk) =>
      ((await who.get('/api/v1/credentials')).json['items'] as Listed[]).map(({ label }) => label)
    assert.ok((await labels(node.admin)).includes('Card'))
    assert.deepEqual(await labels(kiosk), ['Kiosk'])
    assert.equal((await kiosk.get(`/api/v1/credentials/${card.id}`)).json['code'], 'identity.no-such-credential')
  })
})
