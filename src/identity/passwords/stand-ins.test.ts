import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { type TestContext, test } from 'node:test'
import { hashSync } from '@node-rs/bcrypt'
import { Secret } from '#kit'
import { eachDialect } from '#platform/testing'
import type { Parts } from '../parts.ts'
import { createHasher } from '../password-hash.ts'
import { provePassword } from '../sign-in/prove-password.ts'
import { partsOf, startSetUpNode, type TestNode } from '../testing.ts'

const password = 'moved in from elsewhere'
/** The least that argon2 takes: this test counts what is computed, and reads no clock. */
const cost = { memoryCost: 8, timeCost: 1, parallelism: 1, outputLen: 32 }
const hour = 60 * 60_000
const load = createRequire(import.meta.url)

/**
 * Method: the functions that hash are counted, so that what a clock could tell is seen exactly. Of 400 handles that nobody
 * has, as many should take the hash of elsewhere as of those that somebody has; which ones, a random key decides, so the number
 * is binomial. Bound: five standard deviations, beyond which it lies once in two million runs.
 */
const tries = 400
const deviations = 5

eachDialect((_, open) => {
  test('attack 27: as many unknown handles as known ones take the hash brought from elsewhere, each the same every time', async (t) => {
    const node = await startSetUpNode(t, open)
    const foreign = [hashSync(password, 4), hashSync(password, 5)]
    for (const [index, handle] of handles('moved', 12).entries()) {
      const passwordHash = foreign[index % 3 === 0 ? 1 : 0]
      const made = await node.admin.post('/api/v1/accounts', { handle, displayName: handle, passwordHash })
      assert.equal(made.status, 201, made.text)
    }
    for (const handle of handles('native', 7)) {
      const made = await node.admin.post('/api/v1/accounts', { handle, displayName: handle, password: `${password} 2` })
      assert.equal(made.status, 201, made.text)
    }
    const { parts, computed } = counting(t, node)
    for (const handle of handles('nobody', 20))
      assert.deepEqual(await computed(handle), ['argon2id'], 'not counted yet')
    parts.standIns.changed()
    await parts.standIns.everyMinute()

    for (const [handle, expected] of [
      ['moved-0', 'bcrypt 5'],
      ['moved-1', 'bcrypt 4'],
      ['native-0', 'argon2id'],
    ] as const) {
      assert.deepEqual(await computed(handle), [expected])
    }
    const seen = new Map<string, number>()
    const first: (readonly string[])[] = []
    for (const handle of handles('nobody', tries)) {
      const work = await computed(handle)
      assert.equal(work.length, 1, 'one hash, whoever is meant')
      if (first.length < 20) first.push(work)
      seen.set(work[0] ?? '', (seen.get(work[0] ?? '') ?? 0) + 1)
    }
    // of 20 passwords with the administrator's: 8 of cost 4, 4 of cost 5
    for (const [work, part] of [
      ['bcrypt 4', 8 / 20],
      ['bcrypt 5', 4 / 20],
      ['argon2id', 8 / 20],
    ] as const) {
      const off = Math.abs((seen.get(work) ?? 0) - tries * part) / Math.sqrt(tries * part * (1 - part))
      assert.ok(off < deviations, `${work}: ${seen.get(work)} of ${tries}, off by ${off.toFixed(1)} deviations`)
    }
    for (const [index, handle] of handles('nobody', 20).entries()) {
      assert.deepEqual(await computed(handle), first[index], 'the same every time')
    }
  })

  test('attack 27: once every hash from elsewhere is made anew, no unknown handle takes its time', async (t) => {
    const node = await startSetUpNode(t, open)
    const passwordHash = hashSync(password, 4)
    const made = await node.admin.post('/api/v1/accounts', { handle: 'sam', displayName: 'Sam', passwordHash })
    const { parts, computed } = counting(t, node)
    await parts.standIns.count()
    const all = async () => {
      const work: (readonly string[])[] = []
      for (const handle of handles('nobody', 40)) work.push(await computed(handle))
      return new Set(work.flat())
    }
    assert.deepEqual(await all(), new Set(['argon2id', 'bcrypt 4']), made.text)
    await provePassword(parts, at(node), tried('sam', password), async () => ({ result: undefined, whole: true }))
    await parts.standIns.everyMinute()
    assert.deepEqual(await all(), new Set(['argon2id']))
  })

  test('an account without a password takes what an unknown handle would, by the same rule', async (t) => {
    const node = await startSetUpNode(t, open)
    const { parts, computed } = counting(t, node)
    for (const handle of handles('bare', 12)) {
      const passwordHash = hashSync(password, 4)
      const made = await node.admin.post('/api/v1/accounts', { handle, displayName: handle, passwordHash })
      const { id } = made.json['account'] as { id: string }
      const listed = await node.admin.get(`/api/v1/accounts/${id}/credentials`)
      if (handle === 'bare-0') continue
      const [only] = listed.json['items'] as readonly { id: string }[]
      assert.equal((await node.admin.send('DELETE', `/api/v1/credentials/${only?.id}`)).status, 200)
    }
    await parts.standIns.count()
    for (const handle of handles('bare', 12)) {
      const expected = handle === 'bare-0' || parts.standIns.of(handle).length > 0 ? 'bcrypt 4' : 'argon2id'
      assert.deepEqual(await computed(handle), [expected], handle)
    }
  })
})

function handles(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index}`)
}

function at(node: TestNode) {
  node.clock.advance(hour)
  const actor = { principal: { kind: 'anonymous', id: 'anonymous', name: 'anonymous' } } as const
  return node.kernel.context({ ...actor, address: '198.51.100.7' })
}

function tried(handle: string, text: string) {
  return { handle, password: new Secret(text), device: undefined, nextDevice: undefined }
}

/** What a wrong attempt computes: the real functions, noted as they are called. */
function counting(t: TestContext, node: TestNode) {
  const noted: string[] = []
  const bcrypt = load('@node-rs/bcrypt') as typeof import('@node-rs/bcrypt')
  const argon2 = load('@node-rs/argon2') as typeof import('@node-rs/argon2')
  const { compare } = bcrypt
  const { hashRaw } = argon2
  t.mock.method(bcrypt, 'compare', (...args: Parameters<typeof compare>) => {
    noted.push(`bcrypt ${Number(String(args[1]).slice(4, 6))}`)
    return compare(...args)
  })
  t.mock.method(argon2, 'hashRaw', (...args: Parameters<typeof hashRaw>) => {
    noted.push('argon2id')
    return hashRaw(...args)
  })
  const hasher = createHasher({ lanes: 1, queue: 10, random: node.kernel.random, cost })
  const parts: Parts = { ...partsOf(node), hasher }
  const computed = async (handle: string) => {
    noted.length = 0
    const proving = provePassword(parts, at(node), tried(handle, 'wrong all the same'), () => assert.fail('it opened'))
    await assert.rejects(proving, { code: 'identity.sign-in-failed' })
    return [...noted]
  }
  return { parts, computed }
}
