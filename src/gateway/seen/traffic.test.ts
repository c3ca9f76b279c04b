import assert from 'node:assert/strict'
import { test } from 'node:test'
import { touch } from '#platform'
import { createRouteBody } from '../contract.ts'
import { insertRoute } from '../route-store.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { settingsDefaults } from '../settings/route-settings.ts'
import { startGate, startUpstream, TestBrowser, testPassword } from '../testing.ts'

const host = 'app.localhost'
const consoleHost = 'gatehouse.localhost'

interface View {
  readonly lately: readonly { readonly seconds: number; readonly passed: number; readonly refused: number }[]
  readonly answers: readonly { readonly ending: string; readonly count: number }[]
  readonly refusals: readonly { readonly reason: string; readonly count: number }[]
  readonly milliseconds: { readonly half: number; readonly nearlyAll: number } | null
}

test('what passed and what was refused is told of each route, to those who may see it', async (t) => {
  const gate = await startGate(t)
  const app = await startUpstream(t, (request, response) => {
    response.statusCode = request.url === '/gone' ? 404 : 200
    gate.clock.advance(40)
    if (request.url === '/broken') response.destroy()
    else response.end('x')
  })
  await gate.addAccount('alice', ['administrator'])
  await gate.addAccount('bob')
  const access = { kind: 'public', reason: 'a test' }
  await gate.addRoute({ name: 'app', host, upstreams: [app.origin], access })
  await gate.addRoute({ name: 'shut', host: 'shut.localhost', upstreams: [app.origin] })
  for (const path of ['/', '/', '/gone', '/broken']) await gate.ask({ host, path })
  await gate.ask({ host: 'shut.localhost' })
  const bob = new TestBrowser(gate)
  await bob.openSigningIn('shut.localhost', '/', 'bob')
  gate.clock.advance(1_500)

  const view = async (name: string): Promise<View> =>
    JSON.parse((await gate.admin('GET', `/api/v1/routes/${name}/traffic`)).body) as View
  const passed = await view('app')
  assert.deepEqual(
    passed.answers.filter(({ count }) => count > 0),
    [
      { ending: '2xx', count: 2 },
      { ending: '4xx', count: 1 },
      { ending: 'failed', count: 1 },
    ],
  )
  assert.deepEqual(passed.lately[1], { seconds: 60, passed: 4, refused: 0 })
  assert.deepEqual(passed.refusals, [], 'what an app fails is refused by nobody')
  const { half = 0, nearlyAll = 0 } = passed.milliseconds ?? {}
  assert.ok(half >= 40 && nearlyAll >= half && nearlyAll < 50, JSON.stringify(passed.milliseconds))
  const shut = await view('shut')
  assert.deepEqual(shut.lately[1], { seconds: 60, passed: 0, refused: 2 })
  assert.equal(shut.milliseconds, null)
  assert.deepEqual(shut.refusals, [
    { reason: 'No role, grant or policy gives routes:use:shut.', count: 1 },
    { reason: 'Sign in first', count: 1 },
  ])

  await gate.kernel.journal.flush()
  const alice = new TestBrowser(gate)
  const page = await alice.openSigningIn(consoleHost, '/routes/shut/traffic', 'alice')
  assert.match(page.body, /No role, grant or policy gives routes:use:shut/)
  assert.match(page.body, /href="\/why\?permission=routes%3Ause%3Ashut&amp;principal=acc_/)
  assert.equal((await bob.visit(consoleHost, '/routes/shut/traffic')).status, 403)
  assert.match((await alice.visit(consoleHost, '/routes/app/traffic')).body, /None in the journal/)
  // whoever asks for the same permission elsewhere was refused there, and not here
  const asShut = { kind: 'permission', permission: 'routes:use:shut' }
  await gate.addRoute({ name: 'twin', host: 'twin.localhost', upstreams: [app.origin], access: asShut })
  assert.match((await alice.visit(consoleHost, '/routes/twin/traffic')).body, /None in the journal/)
  const watchers = { name: 'watchers', title: 'Watchers', permissions: ['routes:read'] }
  assert.equal((await gate.admin('POST', '/api/v1/roles', watchers)).status, 201)
  await gate.addAccount('carol', ['watchers'])
  const counted = await new TestBrowser(gate).openSigningIn(consoleHost, '/routes/shut/traffic', 'carol')
  assert.match(counted.body, /Sign in first/)
  assert.match(counted.body, /which you may not read/)
  assert.doesNotMatch(counted.body, /acc_/, 'whom it was refused is in the journal')

  const metrics = await gate.kernel.metrics.text()
  assert.match(metrics, /gatehouse_gateway_answers_total\{route="app",answer="2xx"\} 2/)
  assert.match(metrics, /gatehouse_gateway_answer_seconds_bucket\{route="app",le="\+Inf"\} 3/)
  assert.match(metrics, /gatehouse_gateway_answer_seconds_count\{route="app"\} 3/)
  assert.equal((await gate.admin('DELETE', '/api/v1/routes/app')).status, 204)
  await gate.ask({ host: 'shut.localhost' })
  assert.doesNotMatch(await gate.kernel.metrics.text(), /route="app"/)
})

test('metrics tell the two hundred busiest routes apart, and no more however many there are', async (t) => {
  const gate = await startGate(t)
  const app = await startUpstream(t)
  const names = Array.from({ length: 203 }, (_, index) => `r${index}`)
  await gate.kernel.database.tx(async (db) => {
    for (const name of names) await insertRoute(db, publicAt(name, app.origin))
    touch(db, 'routes')
  })
  const ask = async (name: string) => assert.equal((await gate.ask({ host, path: `/${name}` })).status, 200)
  for (const name of names) await ask(name)
  for (const name of names.slice(3)) await ask(name)
  const told = async (figure: string): Promise<readonly string[]> => {
    const text = await gate.kernel.metrics.text()
    return [...text.matchAll(new RegExp(`^${figure}{route="([^"]+)".*} (\\d+)$`, 'gm'))].map((found) =>
      found.slice(1).join(' '),
    )
  }
  const twice = names.slice(3).map((name) => `${name} 2`)
  for (const figure of ['gatehouse_gateway_answers_total', 'gatehouse_gateway_answer_seconds_count']) {
    assert.deepEqual((await told(figure)).toSorted(), twice.toSorted(), figure)
  }
  for (let count = 0; count < 2; count += 1) await ask('r0')
  const now = await told('gatehouse_gateway_answers_total')
  assert.equal(now.length, 200)
  assert.ok(now.includes('r0 3'), 'whoever became busy is told in the place of another')
})

function publicAt(name: string, origin: string): GatewayRoute {
  const access = { kind: 'public', reason: 'a test' }
  return {
    ...settingsDefaults,
    ...createRouteBody.parse({ name, host, path: `/${name}`, upstreams: [origin], access }),
    id: `rt_${name}`,
    createdAt: 0,
    updatedAt: 0,
    revision: 1,
  } as GatewayRoute
}

test('the access log has a line for each request, with its decision', async (t) => {
  const gate = await startGate(t, { environment: { GATEHOUSE_LOG_ACCESS: 'true' } })
  const app = await startUpstream(t, (_request, response) => {
    gate.clock.advance(40)
    response.end('x')
  })
  await gate.addAccount('bob')
  await gate.addRoute({ name: 'app', host, upstreams: [app.origin], access: { kind: 'public', reason: 'a test' } })
  await gate.addRoute({ name: 'shut', host: 'shut.localhost', upstreams: [app.origin] })
  await gate.addRoute({ name: 'far', host: 'far.localhost', upstreams: [app.origin], networks: ['192.0.2.0/24'] })
  const path = '/page?secret=1'
  /** What the latest line says. */
  const told = (message: string): readonly unknown[] => {
    const fields = gate.log.entries.findLast((entry) => entry.message === message)?.fields ?? {}
    assert.deepEqual([fields['method'], fields['path']], ['GET', '/page'])
    if (message === 'passed') assert.ok(Number(fields['ms']) >= 40 && Number(fields['ms']) < 50, String(fields['ms']))
    return ['route', 'status', 'principal', 'address', 'decision', 'policies', 'code'].map((name) => fields[name])
  }

  await gate.ask({ host, path })
  await gate.log.next(/^passed$/)
  assert.deepEqual(told('passed'), ['app', 200, undefined, '127.0.0.1', 'permitted', 'gateway:public', undefined])

  const stranger = [undefined, '127.0.0.1', 'sign-in-required', '']
  await gate.ask({ host: 'shut.localhost', path })
  assert.deepEqual(told('refused'), ['shut', 401, ...stranger, 'gateway.sign-in-required'])
  await gate.ask({ host: 'shut.localhost', path, headers: { 'sec-fetch-mode': 'navigate' } })
  assert.deepEqual(told('led to sign-in'), ['shut', 303, ...stranger, undefined])
  await gate.ask({ host: 'far.localhost', path })
  const outside = [undefined, '127.0.0.1', 'route-network', '']
  assert.deepEqual(told('refused'), ['far', 403, ...outside, 'gateway.network-refused'])

  const bob = new TestBrowser(gate)
  await bob.openSigningIn('shut.localhost', '/', 'bob')
  assert.equal((await bob.visit('shut.localhost', path)).status, 303, 'no session of the app, for he may not use it')
  const made = await gate.admin('POST', '/api/v1/sign-in', { handle: 'bob', password: testPassword, label: 'ci' })
  const { secret: token } = JSON.parse(made.body) as { readonly secret: string }
  await gate.ask({ host: 'shut.localhost', path, headers: { authorization: `Bearer ${token}` } })
  const [route, status, principal, address, ...decided] = told('refused')
  assert.deepEqual([route, status, address, ...decided], ['shut', 403, '127.0.0.1', 'not-held', '', 'gateway.refused'])
  assert.match(String(principal), /^acc_/)
  assert.ok(!JSON.stringify(gate.log.entries).includes('secret=1'))
})
