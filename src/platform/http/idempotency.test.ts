import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import type { Actor, ActorCredential, Decision } from '#kit'
import { tables } from '../db/handle.ts'
import { GateError } from '../errors.ts'
import { defineRoom } from '../index.ts'
import { eachDialect, fakeClock, memoryLog, memorySeal, type OpenDatabase, testHouse } from '../testing.ts'
import { idempotencyTable } from './idempotency-store.ts'
import { route } from './route.ts'

const weak: ActorCredential = {
  id: 'crd_weak',
  kind: 'token',
  permissions: ['things:read'],
  networks: { allow: [], deny: [] },
  regions: [],
  expiresAt: undefined,
}
const people: Readonly<Record<string, Actor>> = {
  ada: { principal: { kind: 'account', id: 'acc_ada', name: 'ada' } },
  bob: { principal: { kind: 'account', id: 'acc_bob', name: 'bob' } },
  // ada again, by a token that may do less
  token: { principal: { kind: 'account', id: 'acc_ada', name: 'ada' }, credential: weak },
}
const allowed: Decision = { allowed: true, step: 'policy', code: 'permitted', reason: 'Permitted.', policies: [] }

/** One POST that counts how often it was carried out, in a real house. */
async function counting(t: TestContext, open: OpenDatabase) {
  const made: string[] = []
  const gate: { wait: Promise<void> | undefined; begun: () => void; error: Error | undefined } = {
    wait: undefined,
    begun: () => undefined,
    error: undefined,
  }
  const clock = fakeClock()
  const room = defineRoom({
    name: 'things',
    config: z.object({}),
    migrations: [],
    errors: {},
    permissions: [],
    needs: {},
    open: () =>
      Promise.resolve({
        face: {},
        authorize: () => allowed,
        authenticators: [
          {
            door: 'api' as const,
            authenticate: (headers: Headers) => Promise.resolve(people[headers.get('authorization') ?? '']),
          },
        ],
        routes: [
          route({
            method: 'POST',
            path: '/api/v1/things',
            door: 'api',
            access: { signedIn: 'a test' },
            summary: 'Make a thing',
            body: z.strictObject({ name: z.string(), secret: z.string().optional() }),
            handler: async (_, { body }) => {
              gate.begun()
              await gate.wait
              if (gate.error !== undefined) throw gate.error
              made.push(body.name)
              const answer = { number: made.length, name: body.name }
              const reply = {
                kind: 'json',
                status: 201,
                body: answer,
                etag: '"1"',
                headers: { Location: '/1' },
              } as const
              return body.secret === undefined ? reply : { ...reply, unrepeatable: true }
            },
          }),
        ],
      }),
  })
  const house = await testHouse(t, { open, clock, log: memoryLog(), rooms: [room], seal: memorySeal() })
  const post = (who: string, key: string | undefined, body: Record<string, unknown>) =>
    house.call({
      method: 'POST',
      path: '/api/v1/things',
      headers: { authorization: who, ...(key === undefined ? {} : { 'idempotency-key': key }) },
      body,
    })
  return { made, gate, clock, kernel: house.kernel, post }
}

eachDialect((_, open) => {
  test('a repeated key is answered as the first time, and nothing is done again', async (t) => {
    const { post, made } = await counting(t, open)
    const first = await post('ada', '"k-1"', { name: 'a' })
    const again = await post('ada', 'k-1', { name: 'a' })
    assert.equal(first.status, 201)
    assert.equal(first.headers['idempotency-replayed'], undefined)
    assert.deepEqual([again.status, again.json, again.headers['etag']], [201, first.json, '"1"'])
    assert.equal(again.headers['location'], '/1')
    assert.equal(again.headers['idempotency-replayed'], 'true')
    assert.deepEqual(made, ['a'])
  })

  test('a repeated key is nobody else’s, and of nothing else', async (t) => {
    const { post, made } = await counting(t, open)
    await post('ada', 'k', { name: 'a' })
    const other = await post('ada', 'k', { name: 'b' })
    assert.deepEqual([other.status, other.json['code']], [422, 'platform.idempotency-key-reused'])
    const bob = await post('bob', 'k', { name: 'a' })
    assert.deepEqual([bob.status, bob.json['number']], [201, 2], 'bob is not shown what ada was answered')
    const token = await post('token', 'k', { name: 'a' })
    assert.equal(token.json['number'], 3, 'nor is a weaker credential of hers')
    await post('ada', undefined, { name: 'a' })
    await post('ada', undefined, { name: 'a' })
    assert.equal(made.length, 5, 'without a key every request is carried out')
  })

  test('a repeated key waits for the first, and after a crash says that the outcome is unknown', async (t) => {
    const { post, made, gate, clock } = await counting(t, open)
    const release = Promise.withResolvers<undefined>()
    const begun = Promise.withResolvers<undefined>()
    gate.wait = release.promise
    gate.begun = () => begun.resolve(undefined)
    const first = post('ada', 'k', { name: 'a' })
    await begun.promise
    const second = await post('ada', 'k', { name: 'a' })
    assert.deepEqual([second.status, second.json['code']], [409, 'platform.request-in-progress'])
    assert.equal(second.headers['retry-after'], '1')
    // as after a crash: begun long ago, and no answer
    clock.advance(61_000)
    assert.equal((await post('ada', 'k', { name: 'a' })).json['code'], 'platform.outcome-unknown')
    release.resolve(undefined)
    assert.equal((await first).status, 201)
    assert.deepEqual(made, ['a'])
  })

  test('a repeated key may be used again after a refusal, and not after a fault', async (t) => {
    const { post, made, gate } = await counting(t, open)
    gate.error = new GateError('things.taken', { status: 409, title: 'Taken', detail: 'Nothing was changed.' })
    assert.equal((await post('ada', 'k', { name: 'a' })).json['code'], 'things.taken')
    gate.error = undefined
    assert.equal((await post('ada', 'k', { name: 'a' })).status, 201)
    gate.error = new Error('half-way')
    assert.equal((await post('ada', 'k2', { name: 'b' })).status, 500)
    gate.error = undefined
    assert.equal((await post('ada', 'k2', { name: 'b' })).json['code'], 'platform.request-in-progress')
    assert.deepEqual(made, ['a'])
  })

  test('a repeated key is forgotten after a day', async (t) => {
    const { post, made, clock } = await counting(t, open)
    await post('ada', 'k', { name: 'a' })
    clock.advance(86_400_001)
    assert.equal((await post('ada', 'k', { name: 'a' })).json['number'], 2)
    assert.equal(made.length, 2)
  })

  test('attack 39: a repeated key keeps no secret: neither what was told once nor what was asked can be read in the table', async (t) => {
    const { post, made, kernel } = await counting(t, open)
    await post('ada', 'k1', { name: 'planted-name' })
    await post('ada', 'k2', { name: 'a', secret: 'planted-secret' })
    const again = await post('ada', 'k2', { name: 'a', secret: 'planted-secret' })
    assert.deepEqual([again.status, again.json['code']], [409, 'platform.answer-not-kept'])
    assert.equal(made.length, 2)
    const rows = await tables<{ [idempotencyTable]: Record<string, unknown> }>(kernel.database.db)
      .selectFrom(idempotencyTable)
      .selectAll()
      .execute()
    assert.equal(rows.length, 2)
    const texts = rows
      .flatMap((row) => Object.values(row))
      .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)))
    const stored = texts.join()
    assert.ok(!stored.includes('planted'), stored)
  })

  test('an idempotency key is 1 to 255 visible characters', async (t) => {
    const { post, made } = await counting(t, open)
    for (const key of ['', '"', ' ', 'a b', 'x'.repeat(256), 'é']) {
      assert.equal((await post('ada', key, { name: 'a' })).json['code'], 'platform.idempotency-key-malformed', key)
    }
    assert.deepEqual(made, [])
  })
})
