import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { Secret } from '#kit'
import { eachDialect } from '#platform/testing'
import { SoftPasskey } from '../passkeys/testing.ts'
import { createHasher, type HashQueue, type PasswordHasher } from '../password-hash.ts'
import { addPerson, type Browser, browser, partsOf, startSetUpNode, type TestNode } from '../testing.ts'
import { provePassword } from './prove-password.ts'

/**
 * Method: for each kind that starts from a handle, wrong attempts as an unknown, a known and a suspended account, interleaved in
 * random order so that whatever disturbs the machine disturbs all three alike, 200 each; then the Mann-Whitney rank sum of
 * each pair. Under "no difference" its z is normal: beyond 5 once in two
 * million. In other words, of an attempt as one kind of account and one as another the slower is told right in 36 to 64 of 100
 * cases. Hashes cost what they cost in use; a planted difference, nobody's password not hashed, must be seen by the same
 * bound.
 */
const tries = 200
const bound = 5
const hour = 60 * 60_000

const people = ['ghost', 'known', 'froze'] as const
type Person = (typeof people)[number]
type Attempt = (handle: Person) => Promise<() => Promise<unknown>>

eachDialect((dialect, open) => {
  // the statements are the same on both: `attack 27: … cost the same hashes and statements`
  if (dialect !== 'sqlite') return

  test('attack 27: the time of a wrong password does not tell whether an account exists', async (t) => {
    const node = await nodeWithPeople(t)
    const found = await worstRankSum(node, passwordAttempt(node, createHasher(options(node))))
    assert.ok(found < bound, `z = ${found.toFixed(1)}`)
  })

  test('attack 27: a planted difference of one hash is seen by the same bound', async (t) => {
    const node = await nodeWithPeople(t)
    const planted = skippingNobody(createHasher(options(node)))
    const found = await worstRankSum(node, passwordAttempt(node, planted))
    assert.ok(found > bound, `z = ${found.toFixed(1)}`)
  })

  for (const kind of ['key', 'shared-secret'] as const) {
    test(`attack 27: the time of a wrong ${kind === 'key' ? 'signature' : 'HMAC'} does not tell whether an account exists`, async (t) => {
      const node = await nodeWithPeople(t)
      const { privateKey } = generateKeyPairSync('ed25519')
      const found = await worstRankSum(node, async (handle) => {
        const stranger = browser(node, address())
        const asked = await stranger.post('/api/v1/sign-in/challenge', { handle })
        const text = Buffer.from(String(asked.json['text']))
        const answer = kind === 'key' ? sign(null, text, privateKey).toString('base64') : 'ab'.repeat(32)
        const body = { handle, nonce: asked.json['nonce'], answer, label: 'x' }
        return async () => {
          const { status, text } = await stranger.post('/api/v1/sign-in/key', body)
          assert.equal(status, 401, text)
        }
      })
      assert.ok(found < bound, `z = ${found.toFixed(1)}`)
    })
  }

  test('attack 27: the time of options for a passkey does not tell whether an account exists', async (t) => {
    const node = await nodeWithPeople(t)
    const found = await worstRankSum(node, async (handle) => {
      const stranger = browser(node, address())
      return async () => {
        const { status, text } = await stranger.post('/sign-in/passkey/options', { handle })
        assert.equal(status, 200, text)
      }
    })
    assert.ok(found < bound, `z = ${found.toFixed(1)}`)
  })

  /** `known` and `froze`, each with a password, a key, a shared secret and a passkey; `froze` is suspended. */
  async function nodeWithPeople(t: TestContext): Promise<TestNode> {
    const node = await startSetUpNode(t, open)
    for (const handle of ['known', 'froze'] as const) {
      const id = await addPerson(node.admin, handle, password)
      const person = browser(node, address())
      await person.signIn(handle, password)
      await addWays(node, person)
      if (handle === 'froze') await suspend(node, id)
    }
    return node
  }
})

const password = 'a long enough password'

function options({ kernel }: TestNode) {
  return { lanes: 1, queue: 10, random: kernel.random }
}

async function suspend(node: TestNode & { readonly admin: Browser }, id: string): Promise<void> {
  const until = new Date(node.clock.now() + 10 * 365 * 24 * hour).toISOString()
  const done = await node.admin.post(`/api/v1/accounts/${id}/suspend`, { reason: 'away', until })
  assert.equal(done.status, 200, done.text)
}

async function addWays(node: TestNode, person: Browser): Promise<void> {
  const { publicKey } = generateKeyPairSync('ed25519')
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const key = await person.post('/api/v1/keys', { label: 'laptop', publicKey: pem })
  assert.equal(key.status, 201, key.text)
  const secret = await person.post('/api/v1/shared-secrets', { label: 'nas' })
  assert.equal(secret.status, 201, secret.text)
  const soft = new SoftPasskey({ id: new URL(node.origin).hostname, origin: node.origin })
  await person.post('/account/credentials/new/passkey', { label: 'phone' })
  const asked = await person.post('/account/credentials/new/passkey/options')
  const response = JSON.stringify(soft.create(asked.json as unknown as Parameters<SoftPasskey['create']>[0]))
  const made = await person.post('/account/credentials/new/passkey/answer', { label: 'phone', response })
  assert.ok([200, 303].includes(made.status), made.text)
}

function passwordAttempt(node: TestNode, hasher: PasswordHasher): Attempt {
  const parts = { ...partsOf(node), hasher }
  return async (handle) => {
    const actor = { principal: { kind: 'anonymous', id: 'anonymous', name: 'anonymous' } } as const
    const ctx = node.kernel.context({ ...actor, address: address() })
    // right for `froze`, wrong for `known`
    const tried = { handle, password: new Secret(handle === 'known' ? `${password}!` : password) }
    return async () => {
      const proving = provePassword(parts, ctx, { ...tried, device: undefined, nextDevice: undefined }, () =>
        assert.fail('it opened'),
      )
      await assert.rejects(proving, { code: 'identity.sign-in-failed' })
    }
  }
}

/** What must not be: nobody there, nothing computed. */
function skippingNobody(real: PasswordHasher): PasswordHasher {
  return {
    queued: (work, known) =>
      real.queued((queue) => {
        const hasty: HashQueue = {
          ...queue,
          verify: async (secret, stored) => (stored.length === 0 ? undefined : queue.verify(secret, stored)),
        }
        return work(hasty)
      }, known),
  }
}

/** The largest |z| of the three pairs. */
async function worstRankSum(node: TestNode, prepare: Attempt): Promise<number> {
  const times: Record<Person, number[]> = { ghost: [], known: [], froze: [] }
  for (let round = -10; round < tries; round += 1) {
    for (const person of shuffled(people)) {
      // every counter has forgotten by then
      node.clock.advance(hour)
      const attempt = await prepare(person)
      const began = performance.now()
      await attempt()
      // the first rounds warm up
      if (round >= 0) times[person].push(performance.now() - began)
    }
  }
  return Math.max(
    Math.abs(rankSum(times.ghost, times.known)),
    Math.abs(rankSum(times.ghost, times.froze)),
    Math.abs(rankSum(times.known, times.froze)),
  )
}

/** z of the Mann-Whitney U test, normal approximation; times in nanoseconds hardly tie. */
function rankSum(one: readonly number[], other: readonly number[]): number {
  const all = [...one.map((time) => ({ time, first: true })), ...other.map((time) => ({ time, first: false }))]
  const ranks = all
    .toSorted((a, b) => a.time - b.time)
    .reduce((sum, { first }, index) => (first ? sum + index + 1 : sum), 0)
  const [n, m] = [one.length, other.length]
  const u = ranks - (n * (n + 1)) / 2
  return (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12)
}

let last = 0
/** Another network each time. */
function address(): string {
  last += 1
  return `2001:db8:${(last >> 8).toString(16)}:${(last & 255).toString(16)}::1`
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
