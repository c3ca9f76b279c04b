import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Decision } from '#kit'
import { createMetrics } from '#platform'
import { fakeClock, memoryLog } from '#platform/testing'
import type { GateDeps } from '../gate-deps.ts'
import type { LiveRoute } from '../routing/live-routes.ts'
import { OpenSockets, type Watched } from './open-sockets.ts'

const allowed: Decision = { allowed: true, step: 'policy', code: 'permitted', reason: 'Permitted.', policies: [] }

/** Sockets over a database that can go away: everything else is as it is in the product. */
function setUp(t: TestContext) {
  const clock = fakeClock()
  const live = {
    route: {
      id: 'rt_1',
      name: 'app',
      host: 'app.localhost',
      regions: [],
      networks: [],
      mode: 'enforce',
      timeouts: { socketIdleMs: 600_000 },
    },
    permission: 'routes:use:app',
    resource: { type: 'Gateway::Route', id: 'app', attributes: {}, revision: 1 },
  } as unknown as LiveRoute
  const state = { away: false, hangs: false, quiet: false, asked: 0, changes: 0 }
  const waiting: (() => void)[] = []
  const stopping = new AbortController()
  t.after(() => stopping.abort())
  const deps = {
    kernel: {
      clock,
      log: memoryLog(),
      metrics: createMetrics(),
      stopping: stopping.signal,
      // with its database away an epoch is another at every look
      database: {
        epoch: () => {
          state.asked += 1
          return state.quiet ? state.changes : state.asked
        },
      },
      journal: { refused: () => assert.fail('nothing was refused') },
    },
    live: { current: () => (state.away ? Promise.reject(new Error('away')) : { routes: { find: () => live } }) },
    access: {
      decide: () => (state.hangs ? new Promise((resolve) => waiting.push(() => resolve(allowed))) : allowed),
    },
    authenticators: { epochs: () => [] },
    identity: {},
  } as unknown as GateDeps
  const sockets = new OpenSockets(deps, { ofRoute: 3, ofVisitor: 1, ofAddress: 2 })
  const open = () => {
    const closes: string[] = []
    const watched: Watched = {
      takeMoved: () => true,
      sent: 0,
      ends: false,
      close: (code, reason) => closes.push(`${code} ${reason}`),
    }
    const place = sockets.take({ live, address: '192.0.2.1', actor: undefined })
    place?.open(watched)
    return { closes, place }
  }
  const looks = async (count: number): Promise<void> => {
    const until = state.asked + count * 3
    while (state.asked < until) await new Promise((resolve) => setImmediate(resolve))
  }
  return { clock, state, waiting, open, looks, stopping }
}

test('while it cannot be judged a socket goes on for five seconds, and no longer', async (t) => {
  for (const how of ['away', 'hangs'] as const) {
    const { clock, state, open, looks } = setUp(t)
    const { closes } = open()
    await looks(2)
    state[how] = true
    await looks(2)
    clock.advance(4_900)
    await looks(2)
    assert.deepEqual(closes, [], how)
    clock.advance(100)
    await looks(2)
    assert.deepEqual(closes, ['1013 the gate cannot decide now'], how)
  }
})

test('a database that comes back in time closes nothing', async (t) => {
  const { clock, state, open, looks } = setUp(t)
  const { closes } = open()
  state.away = true
  await looks(2)
  clock.advance(4_000)
  await looks(2)
  state.away = false
  await looks(3)
  clock.advance(4_000)
  await looks(3)
  assert.deepEqual(closes, [])
})

test('what changes while a socket is judged is asked about as soon as that is over', async (t) => {
  const { state, waiting, open, looks } = setUp(t)
  Object.assign(state, { hangs: true, quiet: true })
  open()
  await looks(2)
  state.changes += 1
  await looks(2)
  assert.equal(waiting.length, 1)
  waiting[0]?.()
  // nothing changes any more and the clock stands
  await looks(2)
  assert.equal(waiting.length, 2)
})

test('places are bounded, given back once, and none is given while the server stops', (t) => {
  const { open, stopping } = setUp(t)
  const first = open()
  const second = open()
  assert.equal(open().place, undefined)
  first.place?.leave()
  first.place?.leave()
  const third = open()
  assert.notEqual(third.place, undefined)
  assert.equal(open().place, undefined)
  stopping.abort()
  assert.deepEqual(second.closes, ['1001 Gatehouse is restarting'])
  second.place?.leave()
  assert.equal(open().place, undefined)
})
