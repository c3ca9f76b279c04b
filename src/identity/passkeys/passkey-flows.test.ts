import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { listAudit } from '#platform'
import { eachDialect } from '#platform/testing'
import { addPerson, type Browser, browser, lastUseOf, startSetUpNode, type TestNode } from '../testing.ts'
import type { RelyingParty } from './ceremonies.ts'
import { type Bent, type SoftOptions, SoftPasskey } from './testing.ts'

const password = 'violet anchor meadow 4'
const half = '__Host-gatehouse-sign-in'
const session = '__Host-gatehouse'

type Ask = Parameters<SoftPasskey['create']>[0] & { readonly allowCredentials: readonly { readonly id: string }[] }

const partyOf = (node: TestNode): RelyingParty => ({ id: new URL(node.origin).hostname, origin: node.origin })

async function ask(person: Browser, path: string, body: Readonly<Record<string, unknown>> = {}): Promise<Ask> {
  const answer = await person.post(path, body)
  assert.equal(answer.status, 200, answer.text)
  return answer.json as unknown as Ask
}

/** Makes a passkey for whoever is signed in. */
async function addPasskey(node: TestNode, person: Browser, options: SoftOptions & { readonly second?: boolean } = {}) {
  const soft = new SoftPasskey(partyOf(node), options)
  const form = { label: '', ...(options.second ? { second: 'yes' } : {}) }
  const step = await person.post('/account/credentials/new/passkey', form)
  assert.equal(step.status, 200, step.text)
  const response = JSON.stringify(soft.create(await ask(person, '/account/credentials/new/passkey/options')))
  const made = await person.post('/account/credentials/new/passkey/answer', { ...form, response })
  assert.ok([200, 303].includes(made.status), made.text)
  return soft
}

async function use(person: Browser, soft: SoftPasskey, path = '/sign-in/passkey', bent?: Bent) {
  return person.post(path, { response: JSON.stringify(soft.get(await ask(person, `${path}/options`), bent)) })
}

/** Why sign-ins failed, newest first. */
async function reasons(node: TestNode): Promise<readonly string[]> {
  const failed = await listAudit(node.kernel.database.db, { actionPrefix: 'sign-ins.fail' }, { limit: 50 })
  return failed.map(({ detail }) => (detail as { readonly reason?: string }).reason ?? '')
}

eachDialect((dialect, open) => {
  describe(`passkeys, ${dialect}`, () => {
    async function withAda(t: TestContext) {
      const node = await startSetUpNode(t, open)
      await addPerson(node.admin, 'ada', password)
      const ada = browser(node)
      await ada.signIn('ada', password)
      return { node, ada }
    }

    test('one is made, and signs in without a handle, with a handle, and proves again', async (t) => {
      const { node, ada } = await withAda(t)
      const soft = await addPasskey(node, ada)
      const person = browser(node, '192.0.2.77')
      assert.equal((await use(person, soft)).status, 200)
      const me = await person.get('/api/v1/me')
      assert.equal(me.json['handle'], 'ada', me.text)
      const named = browser(node, '192.0.2.78')
      const asked = await ask(named, '/sign-in/passkey/options', { handle: 'Ada' })
      assert.deepEqual(
        asked.allowCredentials.map(({ id }) => id),
        [soft.idText],
      )
      assert.equal((await named.post('/sign-in/passkey', { response: JSON.stringify(soft.get(asked)) })).status, 200)
      const now = new Date(node.clock.now()).toISOString()
      assert.deepEqual(await lastUseOf(named, 'passkey'), [now, '192.0.2.77', 'Test/1'], 'of two at once the first')
      node.clock.advance(11 * 60_000)
      assert.equal(
        (await named.get('/account/credentials/new/passkey')).headers['location'],
        '/account/prove?to=%2Faccount%2Fcredentials%2Fnew%2Fpasskey',
      )
      const again = await use(named, soft, '/account/prove/passkey')
      assert.equal(again.status, 303, again.text)
      assert.equal((await named.get('/account/credentials/new/passkey')).status, 200)
    })

    test('one that verified its person is two factors; one that did not is one, and follows a password', async (t) => {
      const { node, ada } = await withAda(t)
      const weak = await addPasskey(node, ada, { verifies: false, second: true })
      const person = browser(node, '192.0.2.77')
      await person.post('/sign-in', { handle: 'ada', password })
      assert.ok(person.cookies.get(half))
      assert.equal((await use(person, weak, '/sign-in/second/passkey')).status, 200)
      assert.ok(person.cookies.get(session))
      const alone = browser(node, '192.0.2.78')
      await use(alone, weak)
      assert.equal(alone.cookies.get(session), undefined, 'it asks for another factor')
      assert.ok(alone.cookies.get(half))
      const strong = await addPasskey(node, person, { verifies: true })
      const sure = browser(node, '192.0.2.79')
      await use(sure, strong)
      assert.ok(sure.cookies.get(session))
    })

    test('it is refused at another origin, for another host, challenge or person, and each attempt is journalled', async (t) => {
      const { node, ada } = await withAda(t)
      const soft = await addPasskey(node, ada)
      const person = browser(node, '192.0.2.77')
      const bents: readonly Bent[] = [
        { origin: 'https://evil.example' },
        { rpId: 'evil.example' },
        { clientData: { challenge: 'b3RoZXI' } },
        { userHandle: 'b3RoZXI' },
        { type: 'webauthn.create' },
      ]
      for (const [at, bent] of bents.entries()) {
        const elsewhere = browser(node, `192.0.2.${100 + at}`)
        const answer = await use(elsewhere, soft, '/sign-in/passkey', bent)
        assert.equal(answer.status, 401, JSON.stringify(bent))
        assert.match(answer.text, /do not belong together/)
        assert.equal(elsewhere.cookies.get(session), undefined)
      }
      const garbage = await person.post('/sign-in/passkey', { response: '{"id":"x"}' })
      assert.equal(garbage.status, 401)
      const found = await reasons(node)
      for (const reason of [
        'passkey-wrong-origin',
        'passkey-refused',
        'passkey-wrong-account',
        'passkey-wrong-ceremony',
        'passkey-malformed',
      ]) {
        assert.ok(found.includes(reason), `${reason} in ${found.join()}`)
      }
    })

    test('an answer is good once, for two minutes, and for what it was asked', async (t) => {
      const { node, ada } = await withAda(t)
      const soft = await addPasskey(node, ada, { counts: false })
      const person = browser(node, '192.0.2.77')
      const response = JSON.stringify(soft.get(await ask(person, '/sign-in/passkey/options')))
      const both = await Promise.all([
        person.post('/sign-in/passkey', { response }),
        browser(node, '192.0.2.78').post('/sign-in/passkey', { response }),
      ])
      assert.deepEqual(
        both.map(({ status }) => status).toSorted((one, other) => one - other),
        [200, 401],
      )
      assert.equal((await browser(node, '192.0.2.79').post('/sign-in/passkey', { response })).status, 401)
      const late = JSON.stringify(soft.get(await ask(person, '/sign-in/passkey/options')))
      node.clock.advance(121_000)
      assert.equal((await browser(node, '192.0.2.80').post('/sign-in/passkey', { response: late })).status, 401)
      const proof = JSON.stringify(soft.get(await ask(ada, '/account/prove/passkey/options')))
      const other = browser(node, '192.0.2.81')
      assert.equal((await other.post('/sign-in/passkey', { response: proof })).status, 401, 'asked for another purpose')
      assert.deepEqual(await reasons(node), [
        'challenge-wrong',
        'challenge-expired',
        'challenge-used',
        'challenge-used',
      ])
    })

    test('a cloned one is refused once its count does not go up, and the journal says so', async (t) => {
      const { node, ada } = await withAda(t)
      const soft = await addPasskey(node, ada)
      await use(browser(node, '192.0.2.77'), soft, '/sign-in/passkey', { counter: 7 })
      const clone = browser(node, '192.0.2.78')
      assert.equal((await use(clone, soft, '/sign-in/passkey', { counter: 7 })).status, 401)
      assert.equal((await use(clone, soft, '/sign-in/passkey', { counter: 3 })).status, 401)
      assert.deepEqual(await reasons(node), ['passkey-cloned', 'passkey-cloned'])
      assert.equal((await use(clone, soft, '/sign-in/passkey', { counter: 8 })).status, 200)
    })

    test('made anew, the old one proves nothing and what it opened ends; revoked, nothing does', async (t) => {
      const { node, ada } = await withAda(t)
      const old = await addPasskey(node, ada)
      const person = browser(node, '192.0.2.77')
      await use(person, old)
      const id = ((await ada.get('/api/v1/credentials')).json['items'] as { id: string; kind: string }[]).find(
        ({ kind }) => kind === 'passkey',
      )?.id
      const anew = new SoftPasskey(partyOf(node))
      const path = `/credentials/${id}/reset/passkey`
      const response = JSON.stringify(anew.create(await ask(ada, `${path}/options`)))
      assert.equal((await ada.post(path, { response })).status, 303)
      assert.equal((await person.get('/api/v1/me')).status, 401, 'its session ended')
      assert.equal((await use(browser(node, '192.0.2.78'), old)).status, 401)
      const next = browser(node, '192.0.2.79')
      assert.equal((await use(next, anew)).status, 200)
      assert.equal((await ada.post(`/credentials/${id}/revoke`)).status, 303)
      assert.equal((await next.get('/api/v1/me')).status, 401)
      assert.equal((await use(browser(node, '192.0.2.80'), anew)).status, 401)
    })

    test('attack 27: a handle typed for a passkey is answered alike, known or not', async (t) => {
      const { node, ada } = await withAda(t)
      await addPasskey(node, ada)
      const person = browser(node, '192.0.2.77')
      const shape = async (handle: string) => {
        const asked = await ask(person, '/sign-in/passkey/options', { handle })
        const [first] = asked.allowCredentials
        return { ...asked, challenge: '', allowCredentials: Object.keys(first ?? {}) }
      }
      assert.deepEqual(await shape('nobody'), await shape('ada'))
      const counts = new Map<number, number>()
      // one handle in eight has three, which ones a random key decides: of so many none has, once in a billion runs
      for (let i = 0; i < 160; i += 1) {
        const { allowCredentials } = await ask(person, '/sign-in/passkey/options', { handle: `nobody-${i}` })
        assert.equal(new Set(allowCredentials.map(({ id }) => id)).size, allowCredentials.length)
        counts.set(allowCredentials.length, (counts.get(allowCredentials.length) ?? 0) + 1)
      }
      assert.deepEqual(
        [...counts.keys()].toSorted((one, other) => one - other),
        [1, 2, 3],
        'as many as people have',
      )
      const once = await ask(person, '/sign-in/passkey/options', { handle: 'nobody' })
      const twice = await ask(person, '/sign-in/passkey/options', { handle: ' NoBody' })
      assert.deepEqual(once.allowCredentials, twice.allowCredentials)
    })

    test('a passkey somebody has is taken for nobody else, and the same one not twice', async (t) => {
      const { node, ada } = await withAda(t)
      const soft = await addPasskey(node, ada)
      await addPerson(node.admin, 'bob', password)
      const bob = browser(node, '192.0.2.66')
      await bob.signIn('bob', password)
      const response = JSON.stringify(soft.create(await ask(bob, '/account/credentials/new/passkey/options')))
      const taken = await bob.post('/account/credentials/new/passkey/answer', { label: 'x', response })
      assert.equal(taken.status, 409, taken.text)
      const asked = await ask(ada, '/account/credentials/new/passkey/options')
      const other = JSON.stringify(new SoftPasskey(partyOf(node)).create(asked))
      const stolen = await bob.post('/account/credentials/new/passkey/answer', { label: 'x', response: other })
      assert.equal(stolen.status, 400, "an answer to somebody else's question")
    })
  })
})
