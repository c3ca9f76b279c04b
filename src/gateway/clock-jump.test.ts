import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGate, startUpstream, TestBrowser } from './testing.ts'

const host = 'app.localhost'
const hour = 3_600_000
const year = 365 * 24 * hour

test('a clock that jumps: what is over is over, nobody comes in by it, and it is said', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: { kind: 'signed-in' } })
  await gate.addAccount('alice')
  const alice = new TestBrowser(gate)
  const stranger = new TestBrowser(gate)
  const ask = async (): Promise<readonly [number, number]> => [
    (await alice.visit(host, '/')).status,
    (await stranger.visit(host, '/')).status,
  ]
  const start = gate.clock.now()
  assert.equal((await alice.openSigningIn(host, '/', 'alice')).status, 200)

  gate.clock.set(start - hour)
  assert.deepEqual(await ask(), [200, 303])
  const told = await gate.log.next(/the clock jumped/)
  assert.equal(told.level, 'warn')
  assert.equal(told.fields['byMs'], -hour)

  gate.clock.set(start + year)
  assert.deepEqual(await ask(), [303, 303])
})

test('a clock that jumps fills no bucket: rates go by the clock that does not', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({
    name: 'app',
    host,
    upstreams: [upstream.origin],
    access: { kind: 'public', reason: 'a test of clocks' },
    limits: { rate: { requests: 5, perSeconds: 3_600, burst: 5, by: 'address' } },
  })
  const statuses: number[] = []
  for (let at = 0; at < 8; at += 1) {
    gate.clock.set(gate.clock.now() + (at % 2 === 0 ? year : -hour))
    statuses.push((await gate.ask({ host })).status)
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429])
})
