import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { TOTP } from 'otpauth'
import { eachDialect } from '#platform/testing'
import { SoftPasskey } from '../passkeys/testing.ts'
import { addPerson, browser, startSetUpNode } from '../testing.ts'

const password = 'quiet lanterns over the harbour'
const regionOf = (address: string | undefined) => (address === '198.51.100.7' ? 'DE' : undefined)

eachDialect((_, open) => {
  test('the page of a new token offers everything in words, and makes a token with all limits', async (t) => {
    const node = await startSetUpNode(t, open, { regions: { regionOf, version: 0 } })
    const made = await node.admin.post('/api/v1/networks', { name: 'office', title: 'Office', cidrs: ['192.0.2.0/24'] })
    assert.equal(made.status, 201, made.text)
    const { text } = await node.admin.get('/account/tokens/new')
    for (const words of [
      'Give roles to accounts',
      'End sessions',
      '@office',
      'Germany',
      'You come from',
      '192.0.2.1',
    ]) {
      assert.ok(text.includes(words), words)
    }
    const answer = await node.admin.post('/account/tokens', {
      label: 'CI',
      scope: 'some',
      permissions: ['roles:read', 'accounts:read'],
      allow: '@office\n10.0.0.0/8',
      deny: '10.1.0.0/16',
      lasts: 'until',
      until: '2999-12-31',
    })
    assert.equal(answer.status, 200, answer.text)
    assert.ok(answer.text.includes('10.0.0.0/8 is allowed, except 10.1.0.0/16: denied wins.'))
    const { json } = await node.admin.get('/api/v1/tokens')
    const [token] = json['items'] as readonly Record<string, unknown>[]
    assert.deepEqual(token?.['permissions'], ['roles:read', 'accounts:read'])
    assert.deepEqual(token['networks'], { allow: ['@office', '10.0.0.0/8'], deny: ['10.1.0.0/16'] })
    assert.equal(token['expiresAt'], '3000-01-01T00:00:00.000Z')
  })

  test('limits that shut out where one is now are asked about, and made by one more tick', async (t) => {
    const node = await startSetUpNode(t, open, { regions: { regionOf, version: 0 } })
    const form = { label: 'CI', allow: '10.0.0.0/8', regions: ['DE'] }
    const asked = await node.admin.post('/account/tokens', form)
    assert.equal(asked.status, 409)
    assert.ok(asked.text.includes('You come from 192.0.2.1 now, and from there it could not be used.'))
    assert.ok(asked.text.includes('You come from a place whose country is not known now'))
    assert.ok(asked.text.includes('10.0.0.0/8'), 'what was typed is kept')
    assert.equal(((await node.admin.get('/api/v1/tokens')).json['items'] as unknown[]).length, 0)
    // yes to one question is no yes to another
    const half = await node.admin.post('/account/tokens', { ...form, confirmed: 'address-shut-out' })
    assert.equal(half.status, 409)
    const made = await node.admin.post('/account/tokens', {
      ...form,
      confirmed: ['address-shut-out', 'region-shut-out'],
    })
    assert.equal(made.status, 200)
    assert.ok(made.text.includes('only from 10.0.0.0/8, in Germany'))
  })

  test('the API answers 409 with the questions, until they are confirmed', async (t) => {
    const node = await startSetUpNode(t, open, { regions: { regionOf, version: 0 } })
    const make = (wanted: Record<string, unknown>) =>
      node.admin.post('/api/v1/tokens', { label: 'CI', permissions: ['*'], expiresAt: null, ...wanted })
    for (const [limits, field] of [
      [{ networks: { allow: ['198.51.100.0/24'] } }, 'confirmed/address-shut-out'],
      [{ networks: { deny: ['192.0.2.1'] } }, 'confirmed/address-shut-out'],
      [{ regions: ['DE'] }, 'confirmed/region-shut-out'],
      [{ networks: { allow: ['0.0.0.0/0'] } }, 'confirmed/every-address'],
      [{ networks: { deny: ['::/0'] } }, 'confirmed/no-address'],
    ] as const) {
      const asked = await make(limits)
      assert.equal(asked.status, 409, JSON.stringify(limits))
      assert.equal(asked.json['code'], 'identity.limits-to-confirm')
      assert.deepEqual(
        (asked.json['faults'] as { field: string }[]).map((one) => one.field),
        [field],
      )
      assert.equal((await make({ ...limits, confirmed: true })).status, 201)
    }
    const inside = { networks: { allow: ['192.0.2.0/24'], deny: ['192.0.2.128/25'] } }
    assert.equal((await make(inside)).status, 201, 'nothing to ask')
    const german = browser(node, '198.51.100.7')
    await german.signIn('admin', 'correct horse battery staple')
    const here = { label: 'x', permissions: ['*'], expiresAt: null, regions: ['DE'] }
    assert.equal((await german.post('/api/v1/tokens', here)).status, 201)
  })

  test('whatever kind is made, limits that shut out where one is now are asked about, by form and API', async (t) => {
    const node = await startSetUpNode(t, open, { regions: { regionOf, version: 0 } })
    const items = async () => ((await node.admin.get('/api/v1/credentials')).json['items'] as unknown[]).length
    const before = await items()
    const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })
    const wanted = 'violet anchor by the meadow'
    const forms: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
      ['tokens', {}],
      ['credentials/new/password', { password: wanted, passwordAgain: wanted }],
      ['credentials/new/passkey', {}],
      ['credentials/new/totp', {}],
      ['credentials/new/recovery-codes', {}],
      ['credentials/new/key', { publicKey }],
      ['credentials/new/shared-secret', {}],
    ]
    for (const [path, fields] of forms) {
      const asked = await node.admin.post(`/account/${path}`, {
        label: 'x',
        allow: '10.0.0.0/8',
        regions: ['DE'],
        ...fields,
      })
      assert.equal(asked.status, 409, path)
      assert.ok(asked.text.includes('You come from 192.0.2.1 now, and from there it could not be used.'), path)
      assert.ok(asked.text.includes('You come from a place whose country is not known now'), path)
    }
    const soft = new SoftPasskey({ id: new URL(node.origin).hostname, origin: node.origin })
    const passkeyAsked = (await node.admin.post('/api/v1/passkeys/begin')).json as unknown as Parameters<
      typeof soft.create
    >[0]
    const { enrolment, key } = (await node.admin.post('/api/v1/totps/begin')).json as Record<
      'enrolment' | 'key',
      string
    >
    const code = new TOTP({ secret: key.replaceAll(' ', '') }).generate({ timestamp: node.clock.now() })
    const calls: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
      ['tokens', { permissions: ['*'], expiresAt: null }],
      ['passwords', { password: wanted }],
      ['passkeys', { response: soft.create(passkeyAsked) }],
      ['totps', { enrolment, code }],
      ['recovery-codes', {}],
      ['keys', { publicKey }],
      ['shared-secrets', {}],
    ]
    const limits = { networks: { deny: ['192.0.2.1'] } }
    for (const [path, fields] of calls) {
      const asked = await node.admin.post(`/api/v1/${path}`, { label: 'x', ...limits, ...fields })
      assert.equal(asked.status, 409, `${path}: ${asked.text}`)
      assert.equal(asked.json['code'], 'identity.limits-to-confirm', path)
    }
    assert.equal(await items(), before, 'nothing was made')
    for (const [path, fields] of calls) {
      const made = await node.admin.post(`/api/v1/${path}`, { label: 'x', ...limits, ...fields, confirmed: true })
      assert.equal(made.status, 201, `${path}: ${made.text}`)
    }
    assert.equal(await items(), before + calls.length)
  })

  test('a CIDR with host bits is refused with the network that was meant', async (t) => {
    const node = await startSetUpNode(t, open)
    const page = await node.admin.post('/account/tokens', { label: 'CI', allow: '192.0.2.1/24' })
    assert.equal(page.status, 400)
    assert.ok(page.text.includes('Write 192.0.2.0/24 for the network, or 192.0.2.1 for this one address.'))
    const body = { label: 'CI', permissions: ['*'], expiresAt: null, networks: { deny: ['192.0.2.1/24'] } }
    const { status, json } = await node.admin.post('/api/v1/tokens', body)
    assert.equal(status, 400)
    assert.match(JSON.stringify(json['faults']), /192\.0\.2\.0\/24 for the network/)
  })

  test('a person without any role makes a token for everything they may, and it does no more than they', async (t) => {
    const node = await startSetUpNode(t, open)
    await addPerson(node.admin, 'ada', password)
    const ada = browser(node)
    await ada.signIn('ada', password)
    assert.equal((await ada.post('/account/tokens', { label: 'mine' })).status, 200)
    const made = await ada.post('/api/v1/tokens', { label: 'CI', permissions: ['*'], expiresAt: null })
    assert.equal(made.status, 201, made.text)
    const headers = { authorization: `Bearer ${String(made.json['secret'])}` }
    assert.equal((await node.call({ path: '/api/v1/me', headers })).status, 200)
    const body = { handle: 'eve', displayName: 'Eve' }
    assert.equal((await node.call({ method: 'POST', path: '/api/v1/accounts', headers, body })).status, 403)
    // who came with less makes no token for everything
    const narrow = { label: 'x', permissions: ['*'], expiresAt: null }
    const limited = await ada.post('/api/v1/tokens', { ...narrow, permissions: ['tokens:create'] })
    assert.equal(limited.status, 403)
  })

  test('somebody who may not read networks is not told their names', async (t) => {
    const node = await startSetUpNode(t, open)
    await node.admin.post('/api/v1/networks', { name: 'office', title: 'Office', cidrs: ['192.0.2.0/24'] })
    await addPerson(node.admin, 'ada', password)
    const ada = browser(node)
    await ada.signIn('ada', password)
    const page = await ada.get('/account/tokens/new')
    assert.equal(page.status, 200)
    assert.ok(!page.text.includes('office'))
  })
})
