import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { anonymous } from '#kit'
import { eachDialect } from '#platform/testing'
import { findCandidates, revokeCredentials } from '../credentials/credential-store.ts'
import { SoftPasskey } from '../passkeys/testing.ts'
import { addPerson, type Browser, browser, partsOf, startSetUpNode } from '../testing.ts'
import { proveAttempt } from './attempts.ts'

const password = 'a long enough password'
const cookie = '__Host-gatehouse'
const lookalikes = ['аda', 'adа', 'ɑda', 'ada\u0301', 'a.d.a', 'ada@example.org', 'ada@@example.org', 'add', 'ąda']

eachDialect((_, open) => {
  test('attack 29: what is taken away while its proof is still looked at opens nothing any more', async (t) => {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'ada', password)
    const { db } = node.kernel.database
    const prove = (meanwhile: () => Promise<unknown>) => {
      const ctx = node.kernel.context(anonymous('203.0.113.9'))
      const tried = { handle: 'ada', device: undefined, nextDevice: undefined }
      return proveAttempt(partsOf(node), ctx, tried, {
        async verify(_, handle) {
          const [proven] = await findCandidates(db, { handle, kinds: ['password'] })
          return { account: proven?.account, proven }
        },
        // the last that happens before the transaction that opens something
        async keepUp(_, proven) {
          await meanwhile()
          return proven
        },
        onProven: () => Promise.resolve({ result: 'opened', whole: true }),
      })
    }
    const post = async (action: string, body?: Readonly<Record<string, unknown>>) => {
      node.clock.advance(1)
      const answer = await node.admin.post(`/api/v1/accounts/${id}/${action}`, body)
      assert.equal(answer.status, 200, answer.text)
    }
    const refused = { code: 'identity.sign-in-failed' }
    const tomorrow = new Date(node.clock.now() + 86_400_000).toISOString()
    assert.equal(await prove(() => Promise.resolve()), 'opened')
    await assert.rejects(
      prove(() => post('reset-password', {})),
      refused,
    )
    await assert.rejects(
      prove(() => post('disable')),
      refused,
    )
    await post('enable')
    await assert.rejects(
      prove(() => post('suspend', { reason: 'a lost laptop', until: tomorrow })),
      refused,
    )
    await post('unsuspend')
    const [stored] = await findCandidates(db, { handle: 'ada', kinds: ['password'] })
    await assert.rejects(
      prove(() =>
        node.kernel.context({ principal: { kind: 'system', id: 'system', name: 'Gatehouse' } }).tx(async (tx) => {
          await revokeCredentials(tx.db, { id: stored?.credential.id ?? '' }, tx.now)
        }),
      ),
      refused,
    )
  })

  test('attack 28: whatever signs in, the session a browser came with is replaced and ended', async (t) => {
    const node = await startSetUpNode(t, open)
    await addPerson(node.admin, 'ada', password)
    await addPerson(node.admin, 'eve', password)
    const ada = browser(node)
    await ada.signIn('ada', password)
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    assert.equal((await ada.post('/api/v1/keys', { label: 'laptop', publicKey: pem })).status, 201)
    const soft = new SoftPasskey({ id: new URL(node.origin).hostname, origin: node.origin })
    await ada.post('/account/credentials/new/passkey', { label: 'phone' })
    const asked = (await ada.post('/account/credentials/new/passkey/options')).json
    const made = JSON.stringify(soft.create(asked as unknown as Parameters<SoftPasskey['create']>[0]))
    await ada.post('/account/credentials/new/passkey/answer', { label: 'phone', response: made })

    const kinds: Readonly<Record<string, (victim: Browser) => Promise<{ status: number; text: string }>>> = {
      password: (victim) => victim.post('/sign-in', { handle: 'ada', password }),
      async key(victim) {
        const { json } = await victim.post('/api/v1/sign-in/challenge', { handle: 'ada' })
        const answer = sign(null, Buffer.from(String(json['text'])), privateKey).toString('base64')
        return victim.post('/sign-in/key/answer', { handle: 'ada', nonce: json['nonce'], answer })
      },
      async passkey(victim) {
        const { json } = await victim.post('/sign-in/passkey/options')
        const response = JSON.stringify(soft.get(json as unknown as Parameters<SoftPasskey['get']>[0]))
        return victim.post('/sign-in/passkey', { response })
      },
    }
    for (const [kind, signIn] of Object.entries(kinds)) {
      const eve = browser(node, '198.51.100.5')
      await eve.signIn('eve', password)
      const planted = eve.cookies.get(cookie) ?? ''
      const victim = browser(node, '192.0.2.60')
      victim.cookies.set(cookie, planted)
      const { status, text } = await signIn(victim)
      assert.equal(status, 200, `${kind} ${text}`)
      assert.notEqual(victim.cookies.get(cookie), planted, kind)
      assert.equal((await victim.get('/api/v1/me')).json['handle'], 'ada', kind)
      assert.equal((await eve.get('/api/v1/me')).status, 401, `${kind}: the planted session has ended`)
    }
  })

  test('attack 31: what only looks like a handle signs nobody in, and becomes no account', async (t) => {
    const node = await startSetUpNode(t, open)
    await addPerson(node.admin, 'ada', password)
    for (const [index, handle] of lookalikes.entries()) {
      const stranger = browser(node, `198.51.100.${index + 1}`)
      assert.equal((await stranger.post('/sign-in', { handle, password })).status, 401, handle)
      if (handle === 'add' || handle === 'a.d.a') continue
      const made = await node.admin.post('/api/v1/accounts', {
        handle,
        displayName: 'x',
        password: `${password} ${index}`,
      })
      assert.equal(made.status, 400, handle)
    }
    for (const [index, handle] of ['ADA', ' ada ', 'ａｄａ', 'a\u200bda'].entries()) {
      await browser(node, `203.0.113.${index + 1}`).signIn(handle, password)
    }
    for (const email of [
      'a@@example.org',
      'a@b@example.org',
      'a@exаmple.org',
      'a＠example.org',
      'a@example.org\u0000',
    ]) {
      const made = await node.admin.post('/api/v1/accounts', { handle: 'sam', displayName: 'Sam', email })
      assert.equal(made.status, 400, JSON.stringify(email))
    }
  })

  test('attack 33: no field chooses for whom a way to sign in is made', async (t) => {
    const node = await startSetUpNode(t, open)
    const victim = String((await node.admin.get('/api/v1/me')).json['id'])
    await addPerson(node.admin, 'eve', password)
    const eve = browser(node, '198.51.100.5')
    await eve.signIn('eve', password)
    const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const bodies: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      '/api/v1/passwords': { label: 'x', password: 'a password of the thief' },
      '/api/v1/keys': { label: 'x', publicKey: pem },
      '/api/v1/shared-secrets': { label: 'x' },
      '/api/v1/tokens': { label: 'x', permissions: ['accounts:update'], expiresAt: null },
    }
    for (const [path, body] of Object.entries(bodies)) {
      for (const field of ['accountId', 'account', 'owner', 'handle', 'userId', 'principal']) {
        assert.equal((await eve.post(path, { ...body, [field]: victim })).status, 400, `${path} ${field}`)
      }
    }
    const theirs = (await node.admin.get('/api/v1/credentials')).json['items'] as readonly unknown[]
    assert.equal(theirs.length, 1)
  })
})
