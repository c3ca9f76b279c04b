import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { addPerson, type Browser, browser, startSetUpNode } from '../testing.ts'

const password = 'quiet lanterns over the harbour'
const label = 'command line'

eachDialect((_, open) => {
  /** sam, who has a password, and a key and a shared secret that follow it. */
  async function house(t: TestContext) {
    const node = await startSetUpNode(t, open)
    const id = await addPerson(node.admin, 'sam', password)
    const sam = browser(node)
    await sam.signIn('sam', password)
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const key = await sam.post('/api/v1/keys', { label: 'Laptop', publicKey: pem, isSecond: true })
    assert.equal(key.status, 201, key.text)
    const made = await sam.post('/api/v1/shared-secrets', { label: 'Script', isSecond: true })
    const secret = String(made.json['secret'])
    const program = (address = '198.51.100.7') => browser(node, address)
    return {
      node,
      id,
      sam,
      program,
      keyId: String((key.json['credential'] as Record<string, unknown>)['id']),
      privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      signed: (text: string) => sign(null, Buffer.from(text), privateKey).toString('base64'),
      maced: (text: string) => createHmac('sha256', secret).update(text).digest('hex'),
    }
  }

  async function half(program: Browser) {
    const begun = await program.post('/api/v1/sign-in', { handle: 'sam', password, label })
    assert.equal(begun.status, 202, begun.text)
    return { ...begun.json, signIn: String(begun.json['signIn']) } as Record<string, unknown> & { signIn: string }
  }

  async function asked(program: Browser, signIn: string) {
    const { status, json, text } = await program.post('/api/v1/sign-in/second/challenge', { signIn })
    assert.equal(status, 201, text)
    return { text: String(json['text']), nonce: String(json['nonce']) }
  }

  test('the API says which second factors there are, and takes a signature or an HMAC for a token', async (t) => {
    const { node, id, program, signed, maced } = await house(t)
    for (const answerTo of [signed, maced]) {
      const own = program()
      const { signIn, ...rest } = await half(own)
      assert.deepEqual(rest, { ways: ['key', 'shared-secret'], phishingResistant: false })
      const { text, nonce } = await asked(own, signIn)
      assert.match(text, /^gatehouse second-factor at https:\S+ as sam until \S+ nonce \S+$/)
      const done = await own.post('/api/v1/sign-in/second/key', { signIn, nonce, answer: answerTo(text), label })
      assert.equal(done.status, 201, done.text)
      const headers = { authorization: `Bearer ${String(done.json['secret'])}` }
      assert.equal((await node.call({ path: '/api/v1/me', headers })).json['handle'], 'sam')
      const again = await own.post('/api/v1/sign-in/second/key', { signIn, nonce, answer: answerTo(text), label })
      assert.equal(again.json['code'], 'identity.session-ended')
    }
    const opened = await listAudit(node.kernel.database.db, { actionPrefix: 'tokens.create' }, { limit: 10 })
    assert.deepEqual(
      opened.map(({ actor }) => actor['id']),
      [id, id],
    )
  })

  test('begun with the key, what follows is the secret: what was proved is not offered, nor what has expired', async (t) => {
    const { node, sam, program, signed, maced } = await house(t)
    const expiresAt = new Date(node.clock.now() + 60_000).toISOString()
    const { publicKey } = generateKeyPairSync('ed25519')
    const brief = { label: 'Brief', publicKey: publicKey.export({ type: 'spki', format: 'pem' }), expiresAt }
    assert.equal((await sam.post('/api/v1/keys', brief)).status, 201)
    node.clock.advance(60_000)
    const own = program()
    const first = (await own.post('/api/v1/sign-in/challenge', { handle: 'sam' })).json
    const answer = signed(String(first['text']))
    const begun = await own.post('/api/v1/sign-in/key', { handle: 'sam', nonce: first['nonce'], answer, label })
    assert.deepEqual(begun.json['ways'], ['shared-secret'])
    const signIn = String(begun.json['signIn'])
    const { text, nonce } = await asked(own, signIn)
    const same = await own.post('/api/v1/sign-in/second/key', { signIn, nonce, answer: signed(text), label })
    assert.equal(same.json['code'], 'identity.same-factor')
    const done = await own.post('/api/v1/sign-in/second/key', { signIn, nonce, answer: maced(text), label })
    assert.equal(done.status, 201, done.text)
  })

  test('attack 29: an answer completes the half sign-in it was asked in, is counted, and journalled when wrong', async (t) => {
    const { node, id, program, signed, privatePem } = await house(t)
    const own = program()
    const [one, other] = [await half(own), await half(own)]
    const { text, nonce } = await asked(own, one.signIn)
    const post = (signIn: string, body: object) =>
      own.post('/api/v1/sign-in/second/key', { signIn, nonce, answer: signed(text), label, ...body })
    const swapped = await post(other.signIn, {})
    assert.equal(swapped.json['code'], 'identity.sign-in-failed')
    const first = (await own.post('/api/v1/sign-in/challenge', { handle: 'sam' })).json
    const forFirst = { nonce: first['nonce'], answer: signed(String(first['text'])) }
    assert.equal((await post(one.signIn, forFirst)).status, 401, 'a line for beginning is none for this')
    const faults = await listAudit(node.kernel.database.db, { actionPrefix: 'sign-ins.fail' }, { limit: 10 })
    assert.deepEqual(
      faults.map(({ target, detail }) => [target?.id, detail?.['reason']]),
      [
        [id, 'challenge-wrong'],
        [id, 'challenge-wrong'],
      ],
    )
    const pasted = await post(one.signIn, { answer: privatePem })
    assert.equal(pasted.json['code'], 'identity.private-key-pasted')
    for (const wrong of ['A'.repeat(88), 'ff'.repeat(32), 'not an answer', '='])
      await post(one.signIn, { answer: wrong })
    assert.equal(
      (await own.post('/api/v1/sign-in/second/challenge', { signIn: one.signIn })).status,
      401,
      'five are all',
    )
  })

  test('attack 29: a key revoked between the question and its answer completes nothing', async (t) => {
    const { sam, program, signed, keyId } = await house(t)
    const own = program()
    const { signIn } = await half(own)
    const { text, nonce } = await asked(own, signIn)
    assert.equal((await sam.send('DELETE', `/api/v1/credentials/${keyId}`)).status, 200)
    const refused = await own.post('/api/v1/sign-in/second/key', { signIn, nonce, answer: signed(text), label })
    assert.equal(refused.json['code'], 'identity.sign-in-failed')
  })

  test('a stranger learns nothing of a half sign-in that is none', async (t) => {
    const { program } = await house(t)
    const own = program('203.0.113.9')
    for (const signIn of ['', 'x'.repeat(200), 'A'.repeat(43)]) {
      const challenge = await own.post('/api/v1/sign-in/second/challenge', { signIn })
      assert.equal(challenge.json['code'], 'identity.session-ended')
      const key = await own.post('/api/v1/sign-in/second/key', { signIn, nonce: 'x', answer: 'x', label })
      assert.equal(key.json['code'], 'identity.session-ended')
    }
    const long = await own.post('/api/v1/sign-in/second/challenge', { signIn: 'x'.repeat(201) })
    assert.equal(long.status, 400)
  })
})
