import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { HealthCheck } from '../settings/balance-settings.ts'
import { startGate, startUpstream } from '../testing.ts'
import { reached, startRaw, type TestUpstreams, testUpstreams } from './testing.ts'

const check: HealthCheck = { path: '/healthz?deep', everyMs: 10_000, timeoutMs: 2_000, expect: ['200', '3xx'] }

/** Waits until the next question is scheduled, that is, until the one under way is answered. */
async function answered({ waiting, scheduled }: TestUpstreams): Promise<void> {
  while (!waiting.some(({ ms }) => ms === check.everyMs)) await once(scheduled, 'scheduled')
}

/** Lets the time pass until the next question and its answer. */
async function askAgain(test: TestUpstreams): Promise<void> {
  const at = test.waiting.findIndex(({ ms }) => ms === check.everyMs)
  const [next] = test.waiting.splice(at, 1)
  test.clock.advance(check.everyMs)
  next?.work()
  await answered(test)
}

async function startChecked(t: TestContext, status: { now: number }) {
  const app = await startUpstream(t, (_, response) => {
    response.writeHead(status.now, { location: '/elsewhere' })
    response.end()
  })
  const tested = testUpstreams(t)
  const [member] = tested.upstreams.balanceOf(reached([app.origin], { health: check })).members
  assert.ok(member?.prober !== undefined)
  await answered(tested)
  return { app, tested, member, prober: member.prober }
}

test('a health check asks as nobody, over a connection of its own, and judges by the status', async (t) => {
  const status = { now: 200 }
  const { app, tested, member, prober } = await startChecked(t, status)
  const [first] = app.seen
  assert.deepEqual([first?.method, first?.url, first?.headers.host], ['GET', '/healthz?deep', 'app.localhost'])
  assert.equal(first?.headers['user-agent'], 'Gatehouse health check')
  assert.equal(first?.headers.connection, 'close')
  assert.equal(prober.last?.passed, true)
  for (const [answer, passed] of [
    [204, false],
    [302, true],
    [500, false],
    [301, true],
  ] as const) {
    status.now = answer
    await askAgain(tested)
    assert.deepEqual([prober.last?.status, prober.last?.passed], [answer, passed])
  }
  assert.equal(member.health.state(0), 'up')
  status.now = 503
  await askAgain(tested)
  assert.equal(member.health.state(0), 'up')
  await askAgain(tested)
  assert.equal(member.health.state(0), 'down')
  status.now = 200
  await askAgain(tested)
  await askAgain(tested)
  assert.equal(member.health.state(0), 'up')
  assert.deepEqual(
    tested.notes.map((note) => note.split(' ')[1]),
    ['fails', 'passes'],
  )
})

test('an app that refuses, hangs or drips is down, and a check that hangs is not asked twice at once', async (t) => {
  const refusing = testUpstreams(t)
  const [nobody] = refusing.upstreams.balanceOf(reached(['http://127.0.0.1:1'], { health: check })).members
  await answered(refusing)
  assert.equal(nobody?.prober?.last?.code, 'gateway.upstream-unreachable')
  assert.equal(nobody?.health.state(0), 'down')

  const sockets: Socket[] = []
  let closed = 0
  const hanging = await startRaw(t, (socket) => {
    sockets.push(socket.resume().on('close', () => (closed += 1)))
  })
  const tested = testUpstreams(t)
  const [member] = tested.upstreams.balanceOf(reached([hanging], { health: check })).members
  while (sockets.length === 0) await new Promise((resolve) => setImmediate(resolve))
  // an interim answer is none
  sockets[0]?.write('HTTP/1.1 103 Early Hints\r\n\r\n')
  assert.deepEqual(
    tested.waiting.map(({ ms }) => ms),
    [check.timeoutMs],
  )
  tested.waiting[0]?.work()
  await answered(tested)
  assert.equal(member?.prober?.last?.code, 'gateway.upstream-timeout')
  assert.equal(member?.health.state(0), 'down')
  while (closed === 0) await new Promise((resolve) => setImmediate(resolve))
})

test('a prober begins with its route, is one for the same question, and leaves nothing behind', async (t) => {
  const { app, tested } = await startChecked(t, { now: 200 })
  const wanted = reached([app.origin], { health: check })
  const again = tested.upstreams.balanceOf(wanted)
  assert.equal(app.seen.length, 1)
  assert.equal(tested.waiting.length, 1)
  // another question is another prober
  const other = tested.upstreams.balanceOf(reached([app.origin], { health: { ...check, path: '/other' } }))
  tested.upstreams.retain([again])
  while ([...tested.upstreams.all].length > 1) await new Promise((resolve) => setImmediate(resolve))
  assert.notEqual(other.members[0], again.members[0])
  await tested.upstreams.close()
  assert.deepEqual(tested.waiting, [])
})

test('who may read a route sees how its upstreams are; one that fails its check gets no requests', async (t) => {
  const gate = await startGate(t)
  const asked = { count: 0 }
  const sick = await startUpstream(t, (_, response) => {
    asked.count += 1
    response.writeHead(500)
    response.end('sick')
  })
  const well = await startUpstream(t)
  await gate.addRoute({
    name: 'app',
    host: 'app.localhost',
    upstreams: [sick.origin, well.origin],
    access: { kind: 'public', reason: 'a test' },
    balance: { health: { path: '/healthz', everyMs: 3_600_000, timeoutMs: 5_000, expect: ['200'] } },
  })
  const seen = async () => {
    const { body } = await gate.admin('GET', '/api/v1/routes/app/upstreams')
    const { items } = JSON.parse(body) as { readonly items: readonly { state: string; checked: object | null }[] }
    return items
  }
  while ((await seen()).some(({ checked }) => checked === null));
  const [first, second] = await seen()
  assert.equal(first?.state, 'down')
  assert.equal(second?.state, 'up')
  for (let more = 0; more < 4; more += 1) assert.equal((await gate.ask({ host: 'app.localhost' })).body, 'hello')
  assert.equal(asked.count, 1)
  assert.match(await gate.kernel.metrics.text(), /gatehouse_gateway_upstreams\{state="down"\} 1/)
  assert.ok(gate.log.entries.some((entry) => JSON.stringify(entry).includes('fails its health check')))
  const stranger = await gate.ask({ host: 'gatehouse.localhost', path: '/api/v1/routes/app/upstreams' })
  assert.equal(stranger.status, 401)
  assert.equal((await gate.admin('GET', '/api/v1/routes/nothing/upstreams')).status, 404)
})
