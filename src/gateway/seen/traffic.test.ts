import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGate, startUpstream, TestBrowser } from '../testing.ts'

const host = 'app.localhost'
const consoleHost = 'gatehouse.localhost'

interface View {
  readonly lately: readonly { readonly seconds: number; readonly passed: number; readonly refused: number }[]
  readonly answers: readonly { readonly ending: string; readonly count: number }[]
  readonly refusals: readonly { readonly reason: string; readonly count: number }[]
  readonly milliseconds: { readonly half: number } | null
}

test('what passed and what was refused is told of each route, to those who may see it', async (t) => {
  const gate = await startGate(t)
  const app = await startUpstream(t, (request, response) => {
    response.statusCode = request.url === '/gone' ? 404 : 200
    response.end('x')
  })
  await gate.addAccount('alice', ['administrator'])
  await gate.addAccount('bob')
  const access = { kind: 'public', reason: 'a test' }
  await gate.addRoute({ name: 'app', host, upstreams: [app.origin], access })
  await gate.addRoute({ name: 'shut', host: 'shut.localhost', upstreams: [app.origin] })
  for (const path of ['/', '/', '/gone']) await gate.ask({ host, path })
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
    ],
  )
  assert.deepEqual(passed.lately[1], { seconds: 60, passed: 3, refused: 0 })
  assert.notEqual(passed.milliseconds, null)
  const shut = await view('shut')
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

  const metrics = await gate.kernel.metrics.text()
  assert.match(metrics, /gatehouse_gateway_answers_total\{route="app",answer="2xx"\} 2/)
  assert.match(metrics, /gatehouse_gateway_answer_seconds_bucket\{route="app",le="\+Inf"\} 3/)
  assert.match(metrics, /gatehouse_gateway_answer_seconds_count\{route="app"\} 3/)
})

test('the access log has a line for each request, with its decision', async (t) => {
  const gate = await startGate(t, { environment: { GATEHOUSE_LOG_ACCESS: 'true' } })
  const app = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [app.origin], access: { kind: 'public', reason: 'a test' } })
  await gate.ask({ host, path: '/page?secret=1' })
  const { fields } = await gate.log.next(/^passed$/)
  assert.equal(fields['route'], 'app')
  assert.equal(fields['path'], '/page')
  assert.equal(fields['status'], 200)
  assert.equal(fields['decision'], 'permitted')
  assert.equal(fields['policies'], 'gateway:public')
})
