import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { addPerson, type Browser, browser, startSetUpNode, type TestNode } from '../testing.ts'

const password = 'quiet lanterns over the harbour'

interface Pair {
  readonly publicKey: string
  readonly privateKey: KeyObject
  readonly pem: string
}

function newPair(): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey,
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** A person signed in a moment ago. */
async function person(node: TestNode & { readonly admin: Browser }, handle = 'sam', address = '192.0.2.10') {
  const id = await addPerson(node.admin, handle, password)
  const own = browser(node, address)
  await own.signIn(handle, password)
  return { id, ...own }
}

async function listed(own: Browser): Promise<readonly Record<string, unknown>[]> {
  return ((await own.get('/api/v1/credentials')).json['items'] as Record<string, unknown>[]).filter(
    ({ kind }) => kind === 'key' || kind === 'shared-secret',
  )
}

/** Signs in by page in a new browser. */
async function signInWith(node: TestNode, handle: string, answerTo: (text: string) => string, address = '192.0.2.10') {
  const own = browser(node, address)
  const { json } = await own.post('/api/v1/sign-in/challenge', { handle })
  const answer = answerTo(String(json['text']))
  const reply = await own.post('/sign-in/key/answer', { handle, nonce: json['nonce'], answer })
  return { ...own, reply }
}

const signedBy = (pair: Pair) => (text: string) => sign(null, Buffer.from(text), pair.privateKey).toString('base64')
const macBy = (secret: string) => (text: string) => createHmac('sha256', secret).update(text).digest('base64')

async function journal(node: TestNode, action: string) {
  return listAudit(node.kernel.database.db, { actionPrefix: action }, { limit: 50 })
}

async function refusedKeys(node: TestNode) {
  await node.kernel.journal.flush()
  return journal(node, 'credentials:create')
}

eachDialect((_, open) => {
  test('a key is made, signs in, is reset and revoked by page; what it opened ends each time', async (t) => {
    const node = await startSetUpNode(t, open)
    const sam = await person(node)
    assert.match((await sam.get('/account/security')).text, /href="\/account\/credentials\/new\/key"/)
    assert.match((await sam.get('/account/credentials/new/key')).text, /ssh-keygen -t ed25519/)
    const first = newPair()
    const made = await sam.post('/account/credentials/new/key', { label: 'Laptop', publicKey: first.publicKey })
    assert.equal(made.headers['location'], '/account/security?done=created', made.text)
    const [key] = await listed(sam)
    assert.equal(key?.['label'], 'Laptop')
    assert.equal((await journal(node, 'credentials.create')).length, 1)

    const opened = await signInWith(node, 'sam', signedBy(first))
    assert.equal((await opened.get('/api/v1/me')).json['handle'], 'sam')
    assert.match((await sam.get('/account/security')).text, new RegExp(`/credentials/${String(key?.['id'])}/reset/key`))

    const next = newPair()
    const path = `/credentials/${String(key?.['id'])}/reset/key`
    assert.match((await sam.get(path)).text, /Another key for “Laptop”/)
    const reset = await sam.post(path, { publicKey: next.publicKey })
    assert.equal(reset.headers['location'], '/account/security?done=reset', reset.text)
    assert.equal((await opened.get('/api/v1/me')).status, 401, 'what the old key opened has ended')
    assert.equal((await sam.get('/api/v1/me')).status, 200, 'who reset it goes on')
    assert.equal((await signInWith(node, 'sam', signedBy(first))).reply.status, 401)
    const again = await signInWith(node, 'sam', signedBy(next))
    assert.equal(again.reply.status, 200)

    assert.equal((await sam.post(`/credentials/${String(key?.['id'])}/revoke`)).status, 303)
    assert.equal((await again.get('/api/v1/me')).status, 401)
    assert.equal((await signInWith(node, 'sam', signedBy(next))).reply.status, 401)
    assert.deepEqual(await listed(sam), [])
  })

  test('a shared secret is shown once, signs in, is reset and revoked', async (t) => {
    const node = await startSetUpNode(t, open)
    const sam = await person(node)
    const secretOn = (text: string) => /<code>(gss_[\w-]{43})<\/code>/.exec(text)?.[1] ?? assert.fail(text)
    const page = await sam.post('/account/credentials/new/shared-secret', { label: 'NAS' })
    assert.equal(page.status, 200, page.text)
    const first = secretOn(page.text)
    const [secret] = await listed(sam)
    const path = `/credentials/${String(secret?.['id'])}`
    assert.doesNotMatch((await sam.get('/account/security')).text, /gss_/)
    const opened = await signInWith(node, 'sam', macBy(first))
    assert.equal((await opened.get('/api/v1/me')).status, 200)

    assert.match((await sam.get(`${path}/reset/shared-secret`)).text, /Another secret for “NAS”/)
    const reset = await sam.post(`${path}/reset/shared-secret`)
    const next = secretOn(reset.text)
    assert.notEqual(next, first)
    assert.equal((await opened.get('/api/v1/me')).status, 401)
    assert.equal((await sam.get('/api/v1/me')).status, 200)
    assert.equal((await signInWith(node, 'sam', macBy(first))).reply.status, 401)
    assert.equal((await signInWith(node, 'sam', macBy(next))).reply.status, 200)
    assert.equal((await sam.post(`${path}/revoke`)).status, 303)
    assert.equal((await signInWith(node, 'sam', macBy(next))).reply.status, 401)
    assert.ok((await journal(node, '')).every((record) => !JSON.stringify(record).includes('gss_')))
  })

  test('the API makes and resets both, within what asks', async (t) => {
    const node = await startSetUpNode(t, open)
    const sam = await person(node)
    const pair = newPair()
    const made = await sam.post('/api/v1/keys', { label: 'Laptop', publicKey: pair.publicKey })
    assert.equal(made.status, 201, made.text)
    assert.equal(made.json['keyKind'], 'Ed25519')
    assert.match(String(made.json['fingerprint']), /^SHA256:[\w+/]{43}$/)
    const { id } = made.json['credential'] as { id: string }
    assert.equal((await sam.post(`/api/v1/keys/${id}/reset`, { publicKey: newPair().publicKey })).status, 200)
    const secret = await sam.post('/api/v1/shared-secrets', { label: 'NAS', networks: { allow: ['192.0.2.0/24'] } })
    assert.equal(secret.status, 201, secret.text)
    const { id: secretId } = secret.json['credential'] as { id: string }
    assert.equal((await sam.post(`/api/v1/shared-secrets/${secretId}/reset`)).status, 200)
    assert.equal((await sam.post(`/api/v1/keys/${secretId}/reset`, { publicKey: pair.publicKey })).status, 404)
    const tim = await person(node, 'tim', '192.0.2.11')
    assert.equal((await tim.post(`/api/v1/keys/${id}/reset`, { publicKey: pair.publicKey })).status, 403)
    assert.equal((await tim.get(`/credentials/${id}/reset/key`)).status, 403)
    // who manages everybody's may revoke, and cannot put a key of their own there
    assert.equal((await node.admin.post(`/api/v1/keys/${id}/reset`, { publicKey: pair.publicKey })).status, 404)
  })

  test('whoever came with something narrow makes and resets nothing wider', async (t) => {
    const node = await startSetUpNode(t, open)
    const sam = await person(node)
    const narrow = newPair()
    const wide = newPair()
    const made = await sam.post('/api/v1/keys', { label: 'wide', publicKey: wide.publicKey })
    const networks = { allow: ['192.0.2.0/24'], deny: [] }
    const permissions = ['credentials:*', 'accounts:read']
    assert.equal((await sam.post('/api/v1/keys', { label: 'n', publicKey: narrow.publicKey, networks })).status, 201)
    const other = newPair()
    const least = { label: 'p', publicKey: other.publicKey, permissions }
    assert.equal((await sam.post('/api/v1/keys', least)).status, 403, 'what is not held cannot be handed on')

    const limited = await signInWith(node, 'sam', signedBy(narrow))
    assert.equal(limited.reply.status, 200)
    const { id } = made.json['credential'] as { id: string }
    assert.deepEqual(
      (await listed(limited)).map(({ label }) => label),
      ['n'],
    )
    assert.equal((await limited.post(`/api/v1/keys/${id}/reset`, { publicKey: newPair().publicKey })).status, 404)
    const copy = await limited.post('/api/v1/keys', { label: 'copy', publicKey: newPair().publicKey })
    assert.equal(copy.status, 201, copy.text)
    assert.deepEqual((copy.json['credential'] as Record<string, unknown>)['networks'], networks)
    const wider = { label: 'wider', publicKey: newPair().publicKey, networks: { allow: ['0.0.0.0/1'], deny: [] } }
    assert.equal((await limited.post('/api/v1/keys', wider)).json['code'], 'identity.wider-than-credential')
  })

  test('limits that shut out where one is now are asked about', async (t) => {
    const node = await startSetUpNode(t, open)
    const sam = await person(node)
    const form = { label: 'Laptop', publicKey: newPair().publicKey, allow: '10.0.0.0/8', second: 'yes' }
    const asked = await sam.post('/account/credentials/new/key', form)
    assert.equal(asked.status, 409)
    assert.match(asked.text, /from there it could not be used/)
    assert.match(asked.text, /BEGIN PUBLIC KEY/, 'what was typed is kept')
    assert.match(asked.text, /value="yes" checked/)
    const made = await sam.post('/account/credentials/new/key', { ...form, confirmed: 'address-shut-out' })
    assert.equal(made.status, 200, made.text)
    assert.match(made.text, /Make ten recovery codes/, 'the first second factor: what if it is lost?')
    assert.equal((await listed(sam))[0]?.['isSecond'], true)
  })

  test('recovery codes are offered after the first second factor, a key or a shared secret, and after no other', async (t) => {
    const node = await startSetUpNode(t, open)
    const sam = await person(node)
    const secretForm = { label: 'Script', second: 'yes' }
    const first = await sam.post('/account/credentials/new/shared-secret', secretForm)
    assert.match(first.text, /The secret is shown only now/)
    assert.match(first.text, /Make ten recovery codes/)
    const another = await sam.post('/account/credentials/new/shared-secret', { ...secretForm, label: 'Other' })
    assert.match(another.text, /The secret is shown only now/)
    assert.ok(!another.text.includes('Make ten recovery codes'))
    const key = { label: 'Laptop', publicKey: newPair().publicKey, second: 'yes' }
    assert.equal((await sam.post('/account/credentials/new/key', key)).status, 303)
  })

  test('attack 29: a proof of ten minutes ago makes nothing; a key proves anew, in the session that asked alone', async (t) => {
    const node = await startSetUpNode(t, open)
    const sam = await person(node)
    const pair = newPair()
    await sam.post('/api/v1/keys', { label: 'Laptop', publicKey: pair.publicKey })
    const secret = (await sam.post('/api/v1/shared-secrets', { label: 'NAS' })).json['secret'] as string
    const elsewhere = browser(node, '192.0.2.10')
    await elsewhere.signIn('sam', password)
    node.clock.advance(10 * 60_000)
    const asked = { label: 'x', publicKey: newPair().publicKey }
    assert.equal((await sam.post('/api/v1/keys', asked)).json['code'], 'identity.proof-needed')
    for (const path of ['/account/credentials/new/key', '/account/credentials/new/shared-secret']) {
      assert.equal((await sam.get(path)).headers['location'], `/account/prove?to=${encodeURIComponent(path)}`)
    }
    const challenges = async (own: Browser) => {
      const { text } = await own.get('/account/prove?to=%2Faccount%2Fsecurity')
      return [...text.matchAll(/<code>(gatehouse confirmation at \S+ as sam until \S+ nonce (\S+))<\/code>/g)]
    }
    const [forKey, forSecret] = await challenges(sam)
    const [, text = '', nonce] = forKey ?? []
    const signature = signedBy(pair)(text)
    assert.equal((await elsewhere.post('/account/prove/key', { nonce, signature })).status, 401, 'in another session')
    const proved = await sam.post('/account/prove/key', { nonce, signature, to: '/account/security' })
    assert.equal(proved.headers['location'], '/account/security', proved.text)
    assert.equal((await sam.post('/api/v1/keys', asked)).status, 201)
    assert.equal((await sam.post('/account/prove/key', { nonce, signature })).status, 401, 'once')
    node.clock.advance(60_000)
    const byMac = { nonce: forSecret?.[2], hmac: macBy(secret)(forSecret?.[1] ?? '') }
    assert.equal((await sam.post('/account/prove/shared-secret', byMac)).status, 303)
    // a challenge for signing in is none for this
    const { json } = await sam.post('/api/v1/sign-in/challenge', { handle: 'sam' })
    const other = { nonce: json['nonce'], signature: signedBy(pair)(String(json['text'])) }
    assert.equal((await sam.post('/account/prove/key', other)).status, 401)
  })

  test('attack 29: a key as second factor completes the sign-in it was asked in, and nothing else', async (t) => {
    const node = await startSetUpNode(t, open)
    const sam = await person(node)
    const pair = newPair()
    await sam.post('/api/v1/keys', { label: 'Laptop', publicKey: pair.publicKey, isSecond: true })
    const half = async () => {
      const own = browser(node, '192.0.2.10')
      await own.post('/sign-in', { handle: 'sam', password })
      assert.equal((await own.get('/api/v1/me')).status, 401, 'half is nothing')
      const { text } = await own.get('/sign-in/second')
      const [, line = '', nonce] =
        /<code>(gatehouse second-factor at \S+ as sam until \S+ nonce (\S+))<\/code>/.exec(text) ?? []
      return { own, nonce, signature: signedBy(pair)(line) }
    }
    const one = await half()
    const other = await half()
    const swapped = { nonce: one.nonce, signature: one.signature }
    assert.equal((await other.own.post('/sign-in/second/key', swapped)).status, 401)
    const { nonce, signature } = one
    assert.equal((await one.own.post('/sign-in/second/key', { nonce, signature })).status, 200)
    assert.equal((await one.own.get('/api/v1/me')).status, 200)
    // begun with the key itself, a sign-in waits for another factor
    const begun = await signInWith(node, 'sam', signedBy(pair))
    assert.equal((await begun.get('/api/v1/me')).status, 401)
  })

  test('keys that cannot be used are refused, each in its own words, journalled and kept nowhere', async (t) => {
    const node = await startSetUpNode(t, open)
    const sam = await person(node)
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' })
    const good = newPair().publicKey
    const cases: readonly (readonly [string, RegExp, string])[] = [
      [rsa.toString(), /1024 bits, fewer than 2048/, 'identity.key-weak'],
      [good.slice(0, 60), /one whole PEM public key/, 'identity.key-malformed'],
      [good.replace('MCow', 'MCox'), /damaged/, 'identity.key-malformed'],
      ['sk-ssh-ed25519@openssh.com AAAA', /as a passkey/, 'identity.key-unsupported'],
      ['ssh-dss AAAA', /DSA key/, 'identity.key-unsupported'],
    ]
    for (const [publicKey, sentence, reason] of cases) {
      const page = await sam.post('/account/credentials/new/key', { label: 'x', publicKey })
      assert.equal(page.status, 400)
      assert.match(page.text, sentence)
      const told = await sam.post('/api/v1/keys', { label: 'x', publicKey })
      assert.equal(told.json['code'], 'identity.invalid-key')
      assert.match(String(told.json['detail']), sentence)
      const codes = (await refusedKeys(node)).slice(0, 2).map(({ detail }) => detail?.['code'])
      assert.deepEqual(codes, [reason, reason], 'by page and by API')
    }
    assert.equal((await sam.post('/account/credentials/new/key', { label: 'x', publicKey: good })).status, 303)
    const twice = await sam.post('/account/credentials/new/key', { label: 'x', publicKey: good })
    assert.equal(twice.status, 409)
    assert.match(twice.text, /one of your ways to sign in already/)
    assert.equal((await sam.post('/api/v1/keys', { label: '', publicKey: newPair().publicKey })).status, 400)
    assert.equal((await listed(sam)).length, 1)
  })

  test('attack 39: a private key is refused, told nowhere, and revoked everywhere on request', async (t) => {
    const node = await startSetUpNode(t, open)
    const sam = await person(node)
    const tim = await person(node, 'tim', '192.0.2.11')
    const shared = newPair()
    for (const own of [sam, tim]) {
      assert.equal((await own.post('/api/v1/keys', { label: 'shared', publicKey: shared.publicKey })).status, 201)
    }
    const opened = await signInWith(node, 'tim', signedBy(shared))
    const body = shared.pem.split('\n')[1] ?? assert.fail()
    const form = { label: 'x', publicKey: shared.pem, lasts: 'until', until: 'not a date' }
    const page = await sam.post('/account/credentials/new/key', form)
    assert.equal(page.status, 400)
    assert.match(page.text, /That was a private key/)
    assert.match(page.text, /by your own account and by accounts of others/)
    assert.ok(!page.text.includes(body), 'it is not on the page')
    assert.doesNotMatch(page.text, /tim/)
    const told = await sam.post('/api/v1/keys', { label: 'x', publicKey: shared.pem })
    assert.equal(told.json['code'], 'identity.private-key-pasted')
    assert.ok(!told.text.includes(body))
    assert.ok(!JSON.stringify(node.log).includes(body))
    await node.kernel.journal.flush()
    assert.ok(!JSON.stringify(await journal(node, '')).includes(body))
    const codes = (await refusedKeys(node)).map(({ detail }) => detail?.['code'])
    assert.deepEqual(codes, ['identity.private-key-pasted', 'identity.private-key-pasted'])

    const ticket = /name="ticket" value="([^"]+)"/.exec(page.text)?.[1] ?? assert.fail()
    assert.equal((await tim.post('/account/exposed-key', { ticket })).status, 400, 'it is sam’s')
    assert.equal((await sam.post('/account/exposed-key', { ticket: ticket.replace('everywhere', 'own') })).status, 400)
    const revoked = await sam.post('/account/exposed-key', { ticket })
    assert.equal(revoked.headers['location'], '/account/security?done=revoked', revoked.text)
    assert.deepEqual([...(await listed(sam)), ...(await listed(tim))], [])
    assert.equal((await opened.get('/api/v1/me')).status, 401, 'what it opened has ended')
    const records = await journal(node, 'credentials.revoke')
    assert.equal(records.length, 2)
    for (const { detail } of records) assert.equal((detail as { reason: string }).reason, 'private-key-exposed')
    // nothing is in use any more, so nothing is offered
    assert.doesNotMatch((await sam.post('/account/credentials/new/key', { ...form })).text, /in use here/)
  })

  test('a text that only names somebody’s public key revokes nothing of others', async (t) => {
    const node = await startSetUpNode(t, open)
    const sam = await person(node)
    const tim = await person(node, 'tim', '192.0.2.11')
    const theirs = newPair()
    await tim.post('/api/v1/keys', { label: 'x', publicKey: theirs.publicKey })
    const raw = theirs.privateKey.export({ format: 'jwk' }).x ?? ''
    const point = Buffer.from(raw, 'base64url').toString('base64')
    const blob = Buffer.concat([
      Buffer.from([0, 0, 0, 11]),
      Buffer.from('ssh-ed25519'),
      Buffer.from([0, 0, 0, 32]),
      Buffer.from(point, 'base64'),
    ]).toString('base64')
    const putty = `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 1\n${blob}\nPrivate-Lines: 1\nAAAA\n`
    const page = await sam.post('/account/credentials/new/key', { label: 'x', publicKey: putty })
    assert.match(page.text, /That was a private key/)
    assert.doesNotMatch(page.text, /in use here/)
    // of one's own it is enough: revoking it is one's own affair
    const own = await tim.post('/account/credentials/new/key', { label: 'x', publicKey: putty })
    assert.match(own.text, /by your own account\./)
    const ticket = /name="ticket" value="([^"]+)"/.exec(own.text)?.[1] ?? assert.fail()
    node.clock.advance(10 * 60_000)
    const late = await tim.post('/account/exposed-key', { ticket })
    assert.equal(late.status, 403, 'who is at the keyboard later proves it first')
    assert.match(late.text, /Is it still you\?/)
    assert.ok(late.text.includes(`name="ticket" value="${ticket}"`), 'what was found is not lost with it')
    const again = browser(node, '192.0.2.11')
    await again.signIn('tim', password)
    assert.equal((await again.post('/account/exposed-key', { ticket })).status, 400, 'ten minutes')
    // a narrow session that knows a wide key's public half revokes it no more than otherwise
    const narrow = newPair()
    const networks = { allow: ['192.0.2.0/24'], deny: [] }
    await again.post('/api/v1/keys', { label: 'n', publicKey: narrow.publicKey, networks })
    const limited = await signInWith(node, 'tim', signedBy(narrow), '192.0.2.11')
    assert.equal(limited.reply.status, 200)
    const told = await limited.post('/account/credentials/new/key', { label: 'x', publicKey: putty })
    assert.match(told.text, /That was a private key/)
    assert.doesNotMatch(told.text, /in use here/)
  })
})
