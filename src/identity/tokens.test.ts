import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ActorCredential } from '#kit'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { addPerson, browser, startSetUpNode, type TestNode } from './testing.ts'
import { narrowedBy } from './tokens.ts'

const password = 'a long enough password'
const day = 24 * 60 * 60_000

async function makeToken(
  node: TestNode & { readonly admin: ReturnType<typeof browser> },
  wanted: Record<string, unknown>,
) {
  const body = { label: 'CI', permissions: ['*'], expiresAt: null, confirmed: true, ...wanted }
  const made = await node.admin.post('/api/v1/tokens', body)
  const token = made.json['token'] as { id: string } | undefined
  return { status: made.status, json: made.json, secret: String(made.json['secret']), id: token?.id ?? '' }
}

function asking(node: TestNode, secret: string) {
  const headers = { authorization: `Bearer ${secret}` }
  return (method: string, path: string, body?: Record<string, unknown>) =>
    node.call({ method, path, headers, ...(body === undefined ? {} : { body }) })
}

eachDialect((_, open) => {
  test('a token acts for its owner within its permissions, until revoked', async (t) => {
    const node = await startSetUpNode(t, open)
    const { secret, id, status } = await makeToken(node, { permissions: ['accounts:read'] })
    assert.equal(status, 201)
    const ask = asking(node, secret)
    assert.equal((await ask('GET', '/api/v1/accounts')).status, 200)
    const refused = await ask('POST', '/api/v1/accounts', { handle: 'x', displayName: 'X' })
    assert.equal(refused.status, 403)
    assert.equal(refused.json['reasonCode'], 'credential-permission')
    // not even its owner’s own things, which everybody’s password may change
    assert.equal((await ask('PATCH', '/api/v1/me', { displayName: 'Mallory' })).status, 403)
    assert.equal((await ask('POST', '/api/v1/tokens', { label: 'x', permissions: ['*'], expiresAt: null })).status, 403)
    assert.equal((await ask('POST', '/api/v1/sessions/end-others')).status, 403)
    assert.equal((await node.admin.send('DELETE', `/api/v1/tokens/${id}`)).status, 204)
    assert.equal((await ask('GET', '/api/v1/accounts')).status, 401)
    assert.equal((await node.admin.send('DELETE', `/api/v1/tokens/${id}`)).status, 404)
  })

  test('a token made by hand is reset by its owner: the old secret proves nothing, limits and label stay', async (t) => {
    const node = await startSetUpNode(t, open)
    const { secret, id } = await makeToken(node, { permissions: ['accounts:read'] })
    await addPerson(node.admin, 'bob', password)
    const bob = browser(node, '192.0.2.20')
    await bob.signIn('bob', password)
    assert.equal((await bob.post(`/api/v1/tokens/${id}/reset`)).status, 403)
    const login = { handle: 'bob', password, label: 'laptop' }
    const line = await node.call({ method: 'POST', path: '/api/v1/sign-in', body: login, address: '192.0.2.20' })
    const { id: lineId } = line.json['token'] as { id: string }
    assert.equal((await bob.post(`/api/v1/tokens/${lineId}/reset`)).status, 404, 'a sign-in is no token made by hand')
    const narrow = await makeToken(node, { permissions: ['credentials:change'] })
    assert.equal((await asking(node, narrow.secret)('POST', `/api/v1/tokens/${id}/reset`)).status, 403)
    assert.equal((await asking(node, secret)('GET', '/api/v1/accounts')).status, 200)

    const reset = await node.admin.post(`/api/v1/tokens/${id}/reset`)
    assert.equal(reset.status, 200, reset.text)
    const token = reset.json['token'] as { id: string; label: string; permissions: readonly string[] }
    assert.deepEqual([token.id, token.label, token.permissions], [id, 'CI', ['accounts:read']])
    assert.equal((await asking(node, secret)('GET', '/api/v1/accounts')).status, 401)
    const again = asking(node, String(reset.json['secret']))
    assert.equal((await again('GET', '/api/v1/accounts')).status, 200)
    assert.equal((await again('PATCH', '/api/v1/me', { displayName: 'Mallory' })).status, 403)
    const records = await listAudit(node.kernel.database.db, { actionPrefix: 'credentials.reset' }, { limit: 10 })
    assert.deepEqual(
      records.map(({ target, detail }) => [target?.id, detail?.['kind']]),
      [[id, 'token']],
    )

    node.clock.advance(11 * 60_000)
    const late = await node.admin.post(`/api/v1/tokens/${id}/reset`)
    assert.equal(late.json['code'], 'identity.proof-needed')
    const page = await node.admin.get(`/tokens/${id}/reset`)
    assert.match(String(page.headers['location']), /\/account\/prove/)
  })

  test('after a compromise all tokens of an account end at once, but the one that asks', async (t) => {
    const node = await startSetUpNode(t, open)
    const one = await makeToken(node, { permissions: ['accounts:read'] })
    const asks = await makeToken(node, { permissions: ['tokens:revoke', 'accounts:read'] })
    await addPerson(node.admin, 'bob', 'a long enough password')
    const bob = browser(node, '192.0.2.20')
    await bob.signIn('bob', 'a long enough password')
    const bobs = await bob.post('/api/v1/tokens', { label: 'x', permissions: ['*'], expiresAt: null })
    const works = async (secret: string) => (await asking(node, secret)('GET', '/api/v1/me')).status !== 401

    assert.equal((await asking(node, one.secret)('POST', '/api/v1/tokens/revoke-all')).status, 403, 'not covered')
    const own = await asking(node, asks.secret)('POST', '/api/v1/tokens/revoke-all')
    assert.deepEqual(own.json, { tokensRevoked: 1 })
    assert.deepEqual([await works(one.secret), await works(asks.secret)], [false, true])
    assert.ok(await works(String(bobs.json['secret'])), 'nobody else’s')

    assert.match((await node.admin.get('/account/security')).text, /href="\/account\/tokens\/revoke-all"/)
    const only = (await node.admin.get('/account/tokens/revoke-all')).text
    assert.match(only, /Revoke your only API token\?.*Whatever uses it is refused.*Revoke the API token<.*Keep it</s)
    assert.match(
      (await node.admin.get(`/tokens/${asks.id}/revoke`)).text,
      /My account<.*Security<.*Revoke the token “/s,
    )
    const bobsId = (bobs.json['token'] as { id: string }).id
    const theirs = (await node.admin.get(`/tokens/${bobsId}/revoke`)).text
    assert.match(theirs, />People<.*>bob Person<.*Revoke the token “x” of bob Person \(bob\)\?/s)
    assert.doesNotMatch(theirs, />Security</)
    const done = await node.admin.post('/account/tokens/revoke-all')
    assert.equal(done.headers['location'], '/account/security?done=tokens')
    assert.match((await node.admin.get('/account/security?done=tokens')).text, /All API tokens are revoked/)
    assert.equal(await works(asks.secret), false)
    for (const page of ['/account', '/account/security', '/invitations']) {
      for (const word of ['constructor', '__proto__', 'toString']) {
        assert.equal((await node.admin.get(`${page}?done=${word}`)).status, 200, `${page} ${word}`)
      }
    }
    const none = (await node.admin.get('/account/tokens/revoke-all')).text
    assert.match(none, /There are none to revoke/)
    assert.doesNotMatch(none, /action="\/account\/tokens\/revoke-all"/, 'nothing to confirm')

    const { items } = (await node.admin.get('/api/v1/accounts?q=bob')).json as { items: { id: string }[] }
    const path = `/api/v1/accounts/${items[0]?.id}/revoke-tokens`
    const admins = (await node.admin.get('/api/v1/me')).json['id']
    assert.equal((await bob.post(`/api/v1/accounts/${String(admins)}/revoke-tokens`)).status, 403)
    const page = path.replace('/api/v1', '')
    assert.match(
      (await node.admin.get(page.replace('/revoke-tokens', ''))).text,
      /href="\/accounts\/[^"]*\/revoke-tokens"/,
    )
    assert.match((await node.admin.get(page)).text, /1 API token end/)
    assert.match((await bob.get('/account/password')).text, /An API token goes on/)
    assert.deepEqual((await node.admin.post(path)).json, { tokensRevoked: 1 })
    assert.equal(await works(String(bobs.json['secret'])), false)
    assert.doesNotMatch((await bob.get('/account/password')).text, /API token goes on/)
    const again = await bob.post('/api/v1/tokens', { label: 'again', permissions: ['*'], expiresAt: null })
    assert.equal((await node.admin.post(page)).status, 303)
    assert.equal(await works(String(again.json['secret'])), false)
    const records = await listAudit(node.kernel.database.db, { actionPrefix: 'tokens.revoke-all' }, { limit: 10 })
    assert.deepEqual(
      records.map(({ detail }) => detail),
      [1, 1, 1, 1].map((tokensRevoked) => ({ tokensRevoked })),
    )
  })

  test('a token that is present but bad is refused, never taken for nobody', async (t) => {
    const node = await startSetUpNode(t, open)
    const { secret } = await makeToken(node, {})
    const cookie = [...node.admin.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    for (const authorization of [
      'Bearer',
      'Bearer x',
      `Bearer ${secret}x`,
      `Bearer ${secret.slice(0, -1)}${secret.endsWith('A') ? 'Q' : 'A'}`,
      'Basic YTpi',
      `Bearer ${secret}, Bearer x`,
    ]) {
      const answer = await node.call({ path: '/api/v1/me', headers: { authorization, cookie } })
      assert.equal(answer.status, 401, authorization)
      assert.equal(answer.json['code'], 'identity.token-refused')
    }
    assert.equal((await node.call({ path: '/api/v1/me', headers: { authorization: `bearer ${secret}` } })).status, 200)
  })

  test('a token ends when it expires', async (t) => {
    const node = await startSetUpNode(t, open)
    const expiresAt = new Date(node.clock.now() + day).toISOString()
    const ask = asking(node, (await makeToken(node, { expiresAt })).secret)
    node.clock.advance(day - 1)
    assert.equal((await ask('GET', '/api/v1/me')).status, 200)
    node.clock.advance(1)
    assert.equal((await ask('GET', '/api/v1/me')).status, 401)
  })

  test('a token proves nothing useful outside its networks, and works again inside', async (t) => {
    const node = await startSetUpNode(t, open)
    const { secret } = await makeToken(node, { networks: { allow: ['10.0.0.0/8'], deny: ['10.9.0.0/16'] } })
    const from = async (address: string) => {
      const headers = { authorization: `Bearer ${secret}` }
      return (await node.call({ path: '/api/v1/accounts', headers, address })).status
    }
    assert.deepEqual([await from('192.0.2.1'), await from('10.1.1.1'), await from('10.9.1.1')], [403, 200, 403])
    assert.equal(await from('10.2.2.2'), 200)
  })

  test('nobody makes a token for more than they hold', async (t) => {
    const node = await startSetUpNode(t, open)
    await addPerson(node.admin, 'ada', password)
    const ada = browser(node)
    await ada.signIn('ada', password)
    const wide = await ada.post('/api/v1/tokens', { label: 'x', permissions: ['accounts:*'], expiresAt: null })
    assert.equal(wide.status, 403)
    assert.equal(wide.json['code'], 'access.more-than-held')
    const { json } = await ada.get('/api/v1/tokens')
    assert.deepEqual(json['items'], [])
  })

  test('faults of a token are all named', async (t) => {
    const node = await startSetUpNode(t, open)
    const body = {
      label: ' ',
      permissions: ['not a permission'],
      networks: { allow: ['10.0.0.1/8'], deny: ['::zz'] },
      regions: ['Germany'],
      expiresAt: '2020-01-01T00:00:00Z',
    }
    const { status, json } = await makeToken(node, body)
    assert.equal(status, 400)
    const fields = (json['faults'] as { field: string }[]).map(({ field }) => field)
    assert.deepEqual([...new Set(fields)].toSorted(), ['expiresAt', 'label', 'networks', 'permissions', 'regions'])
  })

  test('the command line signs in for a token that expires, and signs out', async (t) => {
    const node = await startSetUpNode(t, open)
    await addPerson(node.admin, 'ada', password)
    const made = await node.call({
      method: 'POST',
      path: '/api/v1/sign-in',
      body: { handle: 'ada', password, label: 'CLI on nas' },
    })
    assert.equal(made.status, 201)
    const token = made.json['token'] as { expiresAt: string; label: string }
    assert.equal(Date.parse(token.expiresAt), node.clock.now() + 30 * day)
    const ask = asking(node, String(made.json['secret']))
    assert.equal((await ask('POST', '/api/v1/sign-out')).status, 204)
    assert.equal((await ask('GET', '/api/v1/me')).status, 401)
    for (let i = 0; i < 5; i += 1) await guess(node)
    const delayed = await guess(node)
    assert.equal(delayed.status, 429)
    assert.equal(delayed.json['code'], 'identity.try-later')
  })
})

function guess(node: TestNode) {
  const body = { handle: 'ada', password: 'wrong wrong wrong', label: 'x' }
  return node.call({ method: 'POST', path: '/api/v1/sign-in', address: '198.51.100.77', body })
}

describe('a token within the credential it is made with', () => {
  const limited: ActorCredential = {
    id: 'crd_x',
    kind: 'password',
    permissions: ['*'],
    networks: { allow: ['10.0.0.0/8', '@office'], deny: ['10.9.0.0/16'] },
    regions: ['DE', 'CH'],
    expiresAt: 5_000,
  }
  const wanted = { permissions: ['a:b'], networks: { allow: [], deny: [] }, regions: [], expiresAt: undefined }

  test('what is left open is inherited', () => {
    assert.deepEqual(narrowedBy(wanted, limited), {
      permissions: ['a:b'],
      networks: limited.networks,
      regions: ['DE', 'CH'],
      expiresAt: 5_000,
    })
  })

  test('what is narrower is taken, what is not is refused', () => {
    const narrow = {
      ...wanted,
      networks: { allow: ['@office'], deny: ['192.0.2.0/24'] },
      regions: ['CH'],
      expiresAt: 4_000,
    }
    assert.deepEqual(narrowedBy(narrow, limited), {
      ...narrow,
      networks: { allow: ['@office'], deny: ['10.9.0.0/16', '192.0.2.0/24'] },
    })
    const wide = [
      { ...wanted, networks: { allow: ['0.0.0.0/0'], deny: [] } },
      { ...wanted, regions: ['DE', 'FR'] },
    ]
    for (const one of wide) assert.throws(() => narrowedBy(one, limited), { code: 'identity.wider-than-credential' })
    assert.equal(narrowedBy({ ...wanted, expiresAt: 9_000 }, limited).expiresAt, 5_000)
  })
})
