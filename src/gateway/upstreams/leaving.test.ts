import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineRoom, type GatewayAnswer } from '#platform'
import { Authenticators } from '../entry/authenticators.ts'
import { snapshotLoader } from '../live-state.ts'
import { startGate, startUpstream } from '../testing.ts'
import { reached, testUpstreams } from './testing.ts'

const host = 'app.localhost'
const access = { kind: 'public', reason: 'a test of routes that change' }

/** A room whose authenticator takes its time, and knows nobody in the end. */
function slowRoom() {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<GatewayAnswer>()
  const authenticate = () => {
    asked.resolve()
    return answer.promise
  }
  const room = defineRoom({
    name: 'slow',
    config: z.strictObject({}).prefault({}),
    migrations: [],
    errors: {},
    permissions: [],
    needs: {},
    open: async () => ({ face: {}, gatewayAuthenticators: [{ name: 'slow', title: 'a test', authenticate }] }),
  })
  return { room, asked: asked.promise, answer }
}

test('who was on the way in when the route changed arrives where it led, also with a request that nobody may repeat', async (t) => {
  const slow = slowRoom()
  const gate = await startGate(t, { rooms: [slow.room] })
  const before = await startUpstream(t, (_, response) => response.end('before'))
  const after = await startUpstream(t, (_, response) => response.end('after'))
  await gate.addRoute({ name: 'app', host, upstreams: [before.origin], access, authenticators: ['slow', 'anonymous'] })
  const late = gate.ask({ host, method: 'POST', body: 'x' })
  await slow.asked
  const changed = { upstreams: [after.origin], authenticators: ['anonymous'] }
  assert.equal((await gate.admin('PATCH', '/api/v1/routes/app', changed)).status, 200)
  assert.equal((await gate.ask({ host })).body, 'after')
  slow.answer.resolve(undefined)
  assert.equal((await late).body, 'before')
})

test('what no route leads to is closed after a while, or with all the others', async (t) => {
  const { upstreams, waiting } = testUpstreams(t)
  const [first] = upstreams.balanceOf(reached(['http://127.0.0.1:1'])).members
  assert.ok(first !== undefined)
  const { destination, servername } = first
  const faultNow = () =>
    new Promise<unknown>((resolve) => {
      destination.dispatch(
        { method: 'GET', path: '/', servername },
        {
          onRequestStart: () => undefined,
          onResponseStart: () => assert.fail('nobody listens there'),
          onResponseData: () => undefined,
          onResponseEnd: () => undefined,
          onResponseError: (_, error) => resolve('code' in error && error.code),
        },
      )
    })
  upstreams.retain([])
  assert.deepEqual([...upstreams.all], [])
  assert.equal(await faultNow(), 'ECONNREFUSED')
  assert.equal(waiting.length, 1)
  waiting.pop()?.work()
  assert.equal(await faultNow(), 'UND_ERR_CLOSED')
  upstreams.balanceOf(reached(['http://127.0.0.1:2']))
  upstreams.retain([])
  assert.equal(waiting.length, 1)
  await upstreams.close()
  assert.deepEqual(waiting, [])
})

test('routes that could not be read whole take nothing away from those that are served on', async (t) => {
  const gate = await startGate(t)
  const { upstreams, waiting } = testUpstreams(t)
  const authenticators = new Authenticators({ ...gate, pki: { actorOf: () => assert.fail('no certificate') } })
  const { kernel } = gate
  const { db } = kernel.database
  const removed = () => undefined
  const load = snapshotLoader({ kernel, upstreams, authenticators, removed })
  await gate.addRoute({ name: 'app', host, upstreams: ['http://127.0.0.1:1'], access })
  const before = await load(db, undefined)
  assert.equal((await gate.admin('DELETE', '/api/v1/routes/app')).status, 204)
  const sealed = { ...kernel.keyring, open: () => assert.fail('the key is damaged') }
  const failing = snapshotLoader({ kernel: { ...kernel, keyring: sealed }, upstreams, authenticators, removed })
  await assert.rejects(failing(db, { ...before, keys: [] }), /the key is damaged/)
  assert.deepEqual([[...upstreams.all].length, waiting.length], [1, 0])
  await load(db, before)
  assert.deepEqual([[...upstreams.all].length, waiting.length], [0, 1])
})

test('a change that a fault broke off is made up for by the next load, and what routes lead to stays', async (t) => {
  const gate = await startGate(t)
  const { upstreams, waiting } = testUpstreams(t)
  const authenticators = new Authenticators({ ...gate, pki: { actorOf: () => assert.fail('no certificate') } })
  const { kernel } = gate
  const { db } = kernel.database
  const load = snapshotLoader({ kernel, upstreams, authenticators, removed: () => undefined })
  await gate.addRoute({ name: 'app', host, upstreams: ['http://127.0.0.1:1'], access })
  const before = await load(db, undefined)
  const changed = await gate.admin('PATCH', '/api/v1/routes/app', { upstreams: ['http://127.0.0.1:2'] })
  assert.equal(changed.status, 200)
  const broken = t.mock.method(upstreams, 'turnOver', () => assert.fail('a fault in the program'))
  await assert.rejects(load(db, before), /a fault in the program/)
  broken.mock.restore()
  const after = await load(db, before)
  await gate.addRoute({ name: 'other', host: 'other.localhost', upstreams: ['http://127.0.0.1:3'], access })
  const later = await load(db, after)
  assert.deepEqual(
    [...later.routes].flatMap(({ route }) => route.upstreams),
    ['http://127.0.0.1:2', 'http://127.0.0.1:3'],
  )
  assert.deepEqual([...upstreams.all].map(({ text }) => text).sort(), ['http://127.0.0.1:2', 'http://127.0.0.1:3'])
  assert.equal(waiting.length, 1)
})
