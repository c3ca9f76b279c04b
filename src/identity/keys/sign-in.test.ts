import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import { noLimits } from '#kit'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { newCredential } from '../credentials/credential.ts'
import { insertCredential, revokeCredentials } from '../credentials/credential-store.ts'
import { addPerson, browser, lastUseOf, startSetUpNode, type TestNode } from '../testing.ts'
import { readPublicKey } from './public-keys.ts'
import { newSharedSecret, sealSharedSecret } from './shared-secrets.ts'
import { keyMaterial } from './signatures.ts'

const password = 'a long enough password'

/** Puts a key of somebody's into the database, and answers what signs with it. */
async function addKey(node: TestNode, accountId: string, limits: Partial<typeof noLimits> = {}) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = readPublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString())
  const { fingerprint } = key
  const ctx = node.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
  const id = await ctx.tx(async (tx) => {
    const credential = newCredential(tx, {
      ...noLimits,
      ...limits,
      accountId,
      kind: 'key',
      label: 'laptop',
      fingerprint,
    })
    await insertCredential(tx.db, credential, { material: keyMaterial(key) })
    return credential.id
  })
  return { id, privateKey, revoke: () => ctx.tx((tx) => revokeCredentials(tx.db, { id }, tx.now)) }
}

function signed(text: string, key: KeyObject): string {
  return sign(null, Buffer.from(text), key).toString('base64')
}

interface Asked {
  readonly text: string
  readonly nonce: string
}

async function ask(node: TestNode, handle: string, address = '192.0.2.77'): Promise<Asked> {
  const made = await browser(node, address).post('/api/v1/sign-in/challenge', { handle })
  assert.equal(made.status, 201, made.text)
  return made.json as unknown as Asked
}

function answer(node: TestNode, handle: string, nonce: string, given: string, address = '192.0.2.77') {
  return browser(node, address).post('/api/v1/sign-in/key', { handle, nonce, answer: given, label: 'test' })
}

async function reasons(node: TestNode): Promise<readonly unknown[]> {
  const failed = await listAudit(node.kernel.database.db, { actionPrefix: 'sign-ins.fail' }, { limit: 100 })
  return failed.map(({ detail }) => (detail as { reason: string }).reason)
}

eachDialect((_, open) => {
  test('a person signs in with a key, by page and on the command line', async (t) => {
    const node = await startSetUpNode(t, open)
    const key = await addKey(node, await addPerson(node.admin, 'sam', password))
    const person = browser(node)
    assert.match((await person.get('/sign-in')).text, /href="\/sign-in\/key"/)
    const page = await person.post('/sign-in/key', { handle: ' SAM ', to: '/account' })
    const text = /<code>(gatehouse sign-in at https:\/\/\S+ as sam until \S+ nonce \S+)<\/code>/.exec(page.text)?.[1]
    assert.ok(text, page.text)
    const nonce = text.split(' ').at(-1)
    const opened = await person.post('/sign-in/key/answer', {
      handle: 'sam',
      nonce,
      answer: signed(text, key.privateKey),
      to: '/account',
    })
    assert.equal(opened.status, 200, opened.text)
    assert.equal(opened.headers['refresh'], '0; url=/account')
    assert.equal((await person.get('/api/v1/me')).json['handle'], 'sam')
    const now = new Date(node.clock.now()).toISOString()
    assert.deepEqual(await lastUseOf(person, 'key'), [now, '192.0.2.10', 'Test/1'])

    const asked = await ask(node, 'sam')
    const token = await answer(node, 'sam', asked.nonce, signed(asked.text, key.privateKey))
    assert.equal(token.status, 201, token.text)
    const headers = { authorization: `Bearer ${String(token.json['secret'])}` }
    const me = await node.call({ method: 'GET', path: '/api/v1/me', headers, address: '192.0.2.77' })
    assert.equal(me.json['handle'], 'sam')

    await key.revoke()
    const later = await ask(node, 'sam')
    assert.equal((await answer(node, 'sam', later.nonce, signed(later.text, key.privateKey))).status, 401)
  })

  test('a person signs in with a shared secret', async (t) => {
    const node = await startSetUpNode(t, open)
    const accountId = await addPerson(node.admin, 'sam', password)
    const { keyring, random } = node.kernel
    const secret = newSharedSecret(random)
    const ctx = node.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
    await ctx.tx(async (tx) => {
      const credential = newCredential(tx, { ...noLimits, accountId, kind: 'shared-secret', label: 'box' })
      await insertCredential(tx.db, credential, { material: sealSharedSecret(keyring, credential.id, secret) })
    })
    const mac = (text: string) => createHmac('sha256', secret.reveal()).update(text).digest('hex')
    const asked = await ask(node, 'sam')
    assert.equal((await answer(node, 'sam', asked.nonce, mac(`${asked.text} `))).status, 401)
    assert.equal((await answer(node, 'sam', asked.nonce, mac(asked.text))).status, 201)
    assert.equal((await answer(node, 'sam', asked.nonce, mac(asked.text))).status, 401)
    const sam = browser(node)
    await sam.signIn('sam', password)
    const now = new Date(node.clock.now()).toISOString()
    assert.deepEqual(await lastUseOf(sam, 'shared-secret'), [now, '192.0.2.77', 'Test/1'])
    assert.deepEqual(await reasons(node), ['challenge-used', 'not-proven'])
  })

  test('a challenge counts once, for two minutes, for one person and purpose; the journal says what was wrong', async (t) => {
    const node = await startSetUpNode(t, open)
    const key = await addKey(node, await addPerson(node.admin, 'sam', password))
    await addPerson(node.admin, 'tim', password)
    const refused: string[] = []
    const refuse = async (handle: string, nonce: string, given: string, reason: string) => {
      const { status, json } = await answer(node, handle, nonce, given, `203.0.113.${refused.length}`)
      refused.push(JSON.stringify([status, json['code'], json['title'], json['detail'], Object.keys(json)]))
      assert.equal(status, 401)
      assert.equal((await reasons(node))[0], reason)
    }
    const used = await ask(node, 'sam')
    assert.equal((await answer(node, 'sam', used.nonce, signed(used.text, key.privateKey))).status, 201)
    await refuse('sam', used.nonce, signed(used.text, key.privateKey), 'challenge-used')

    const late = await ask(node, 'sam')
    node.clock.advance(2 * 60_000)
    await refuse('sam', late.nonce, signed(late.text, key.privateKey), 'challenge-expired')

    const theirs = await ask(node, 'tim')
    await refuse('sam', theirs.nonce, signed(theirs.text, key.privateKey), 'challenge-wrong')
    await refuse('tim', theirs.nonce, signed(theirs.text, key.privateKey), 'not-proven')
    await refuse('nobody', (await ask(node, 'nobody')).nonce, signed('x', key.privateKey), 'not-proven')

    const forged = await ask(node, 'sam')
    const nonce = `${forged.nonce.slice(0, 10)}${forged.nonce[10] === 'A' ? 'B' : 'A'}${forged.nonce.slice(11)}`
    await refuse('sam', nonce, signed(forged.text.replace(forged.nonce, nonce), key.privateKey), 'challenge-wrong')
    await refuse('sam', 'x', signed(forged.text, key.privateKey), 'challenge-wrong')
    await refuse('sam', forged.nonce, signed(`${forged.text}!`, key.privateKey), 'not-proven')
    await refuse('sam', forged.nonce, 'no signature!', 'answer-malformed')
    await refuse('sam', forged.nonce, signed(forged.text, key.privateKey).slice(4), 'not-proven')
    assert.equal(new Set(refused).size, 1, 'nobody is told which part failed')
    assert.equal((await answer(node, 'sam', forged.nonce, signed(forged.text, key.privateKey))).status, 201)
  })

  test('of two answers at once one opens', async (t) => {
    const node = await startSetUpNode(t, open)
    const key = await addKey(node, await addPerson(node.admin, 'sam', password))
    const { text, nonce } = await ask(node, 'sam')
    const given = signed(text, key.privateKey)
    const statuses = await Promise.all(
      Array.from({ length: 4 }, async () => (await answer(node, 'sam', nonce, given)).status),
    )
    assert.equal(statuses.filter((status) => status === 201).length, 1, statuses.join())
  })

  test('attack 27: whoever has a handle, the page and the line are the same', async (t) => {
    const node = await startSetUpNode(t, open)
    await addKey(node, await addPerson(node.admin, 'known', password))
    const disabled = await addPerson(node.admin, 'froze', password)
    await addKey(node, disabled)
    await node.admin.post(`/api/v1/accounts/${disabled}/disable`)
    const pages = await Promise.all(
      ['known', 'froze', 'admin', 'ghost'].map(async (handle) => {
        const { status, text } = await browser(node).post('/sign-in/key', { handle })
        const [nonce = ''] = /(?<=nonce )[\w-]{51}/.exec(text) ?? []
        return `${status} ${text.replaceAll(nonce, 'NONCE').replaceAll(handle, 'HANDLE')}`
      }),
    )
    for (const page of pages)
      assert.equal(page.replaceAll(/\d\d:\d\d:\d\dZ/g, ''), pages[0]?.replaceAll(/\d\d:\d\d:\d\dZ/g, ''))
  })

  test('attack 12: a key is good where its networks reach, and the answer elsewhere tells nothing', async (t) => {
    const node = await startSetUpNode(t, open)
    const networks = { allow: ['192.0.2.0/24'], deny: [] }
    const key = await addKey(node, await addPerson(node.admin, 'sam', password), { networks })
    const outside = await ask(node, 'sam', '198.51.100.1')
    const given = signed(outside.text, key.privateKey)
    const refused = await answer(node, 'sam', outside.nonce, given, '198.51.100.1')
    assert.equal(refused.status, 401)
    assert.equal(refused.json['code'], 'identity.sign-in-failed')
    assert.deepEqual(await reasons(node), ['credential-network'])
    assert.equal((await answer(node, 'sam', outside.nonce, given, '::ffff:192.0.2.9')).status, 201)
  })

  test('what is no handle gets no line to sign, and is not shown again', async (t) => {
    const node = await startSetUpNode(t, open)
    for (const handle of ["'; rm -rf ~ #", 'My Secret Passw0rd!', '$(id)', 'a\nb$c', 'x'.repeat(1_000), '']) {
      const page = await browser(node).post('/sign-in/key', { handle })
      assert.equal(page.status, 400)
      assert.doesNotMatch(page.text, /rm -rf|passw0rd|\$\(id\)|xxxx/i)
      assert.equal((await browser(node).post('/sign-in/key/answer', { handle, nonce: 'x', answer: 'x' })).status, 400)
    }
    const refused = await browser(node).post('/api/v1/sign-in/challenge', { handle: '$(id)' })
    assert.equal(refused.json['code'], 'identity.sign-in-failed')
  })

  test('attack 30: guesses are counted with those of passwords', async (t) => {
    const node = await startSetUpNode(t, open)
    await addKey(node, await addPerson(node.admin, 'sam', password))
    const { nonce } = await ask(node, 'sam')
    for (let i = 0; i < 5; i += 1) {
      const given = Buffer.alloc(64, i).toString('base64')
      assert.equal((await answer(node, 'sam', nonce, given)).status, 401)
    }
    assert.equal((await answer(node, 'sam', nonce, 'AAAA')).status, 429)
    const byPassword = { handle: 'sam', password, label: 'x' }
    assert.equal((await browser(node, '192.0.2.77').post('/api/v1/sign-in', byPassword)).status, 429)
  })

  test('attack 39: a private key pasted for its signature is refused before anything is tried, and not shown again', async (t) => {
    const node = await startSetUpNode(t, open)
    const { privateKey } = generateKeyPairSync('ed25519')
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const { nonce } = await ask(node, 'sam')
    const page = await browser(node).post('/sign-in/key/answer', { handle: 'sam', nonce, answer: pem })
    assert.equal(page.status, 400)
    assert.match(page.text, /This is a private key, not a signature/)
    const told = await answer(node, 'sam', nonce, pem)
    assert.equal(told.json['code'], 'identity.private-key-pasted')
    const body = pem.split('\n')[1] ?? assert.fail()
    for (const text of [page.text, told.text, JSON.stringify(node.log)]) assert.ok(!text.includes(body))
    assert.deepEqual(await reasons(node), [])
  })

  test('what is too long is refused before it is read', async (t) => {
    const node = await startSetUpNode(t, open)
    const long = { handle: 'sam', nonce: 'x', answer: 'A'.repeat(10_000_000) }
    assert.equal((await browser(node).post('/sign-in/key/answer', long)).status, 413)
    assert.equal((await browser(node).post('/api/v1/sign-in/key', { ...long, label: 'x' })).status, 413)
    const page = await browser(node).post('/sign-in/key/answer', { ...long, answer: 'A'.repeat(20_000) })
    assert.equal(page.status, 400)
    assert.match(page.text, /longer than any signature/)
  })
})
