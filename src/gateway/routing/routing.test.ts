import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect, memoryLog } from '#platform/testing'
import { type Answer, startGate, startUpstream, TestBrowser, type TestGate } from '../testing.ts'
import type { FindingView, RouteReportView, TrialView } from './contract.ts'
import { logReport } from './report.ts'

const host = 'app.localhost'
const consoleHost = 'gatehouse.localhost'
const publicly = { kind: 'public', reason: 'a test of public routes' }
const signedIn = { kind: 'signed-in' }

const json = <T>({ body }: Answer): T => JSON.parse(body) as T

async function tried(gate: TestGate, method: string, url: string, more: object = {}): Promise<TrialView> {
  const answer = await gate.admin('POST', '/api/v1/route-trials', { method, url, ...more })
  assert.equal(answer.status, 200, answer.body)
  return json<TrialView>(answer)
}

eachDialect((_, open) => {
  test('what a place makes odd is told at save, in the report and at a start', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const upstreams = ['http://127.0.0.1:1']
    const save = async (body: Readonly<Record<string, unknown>>, as = 'POST', path = '/api/v1/routes') => {
      const answer = await gate.admin(as, path, body)
      assert.ok(answer.status < 300, answer.body)
      return json<{ readonly warnings: readonly FindingView[] }>(answer).warnings
    }
    assert.deepEqual(await save({ name: 'site', host, upstreams }), [])
    const inside = await save({ name: 'hook', host, path: '/hook', upstreams, access: publicly })
    assert.deepEqual(
      inside.map(({ kind, route, others }) => [kind, route, others]),
      [['public-inside-guarded', 'hook', ['site']]],
    )
    assert.deepEqual(await save({ name: 'elsewhere', host: 'other.localhost', upstreams, access: publicly }), [])
    const raised = await save({ priority: 5 }, 'PATCH', '/api/v1/routes/site')
    assert.deepEqual(
      raised.map(({ kind, level, route }) => [kind, level, route]),
      [['shadowed', 'error', 'hook']],
    )
    const report = json<RouteReportView>(await gate.admin('GET', '/api/v1/route-findings'))
    assert.deepEqual(
      report.items.map(({ kind, route }) => [kind, route]),
      [['shadowed', 'hook']],
    )
    const log = memoryLog()
    await logReport(gate.kernel.database.db, log)
    assert.match(
      log.entries.map(({ level, message }) => `${level} ${message}`).join('\n'),
      /^warn route hook: It never answers: site takes every path/,
    )
  })

  test('a place is path, exactness, methods and priority together; each may be had once, whoever comes first', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const at = { host, path: '/a', upstreams: ['http://127.0.0.1:1'] }
    const add = (name: string, more: object) => gate.admin('POST', '/api/v1/routes', { ...at, name, ...more })
    for (const [name, more] of [
      ['read', { methods: ['GET'] }],
      ['write', { methods: ['POST', 'PUT'] }],
      ['exact', { exact: true }],
      ['first', { priority: 1 }],
    ] as const) {
      assert.equal((await add(name, more)).status, 201, name)
    }
    for (const more of [
      {},
      { methods: ['PUT'] },
      { path: '/A', methods: ['GET'] },
      { exact: true, methods: ['GET'] },
    ]) {
      const refused = await add('again', more)
      assert.equal(refused.status, 409, JSON.stringify(more))
      assert.match(refused.body, /gateway\.route-duplicate/)
    }
    const races = await Promise.all(
      ['r1', 'r2', 'r3'].map((name) => add(name, { methods: ['DELETE', name.toUpperCase().replace(/\d/, '')] })),
    )
    assert.deepEqual(
      races.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 409, 409],
    )
    const moved = await gate.admin('PATCH', '/api/v1/routes/write', { methods: ['GET', 'POST'] })
    assert.equal(moved.status, 409)
  })
})

test('what a trial says is what the gate does', async (t) => {
  const gate = await startGate(t)
  const app = await startUpstream(t)
  const upstreams = [app.origin]
  await gate.addRoute({ name: 'site', host, upstreams, access: publicly })
  await gate.addRoute({ name: 'admin', host, path: '/admin', upstreams, access: signedIn })
  await gate.addRoute({
    name: 'api',
    host,
    path: '/api/*',
    methods: ['GET'],
    upstreams,
    access: publicly,
    onRefusal: 'api',
  })
  await gate.addRoute({ name: 'write', host, path: '/api/*', methods: ['POST'], upstreams, onRefusal: 'api' })
  await gate.addRoute({ name: 'inner', host, path: '/inner', upstreams, networks: ['10.0.0.0/8'] })
  await gate.addRoute({ name: 'home', host, path: '/home', exact: true, upstreams, access: publicly })
  const cases: readonly (readonly [string, string])[] = [
    ['GET', '/'],
    ['GET', '/admin'],
    ['GET', '/Admin'],
    ['GET', '/admin;x'],
    ['GET', '/admin/;x'],
    ['GET', '/admin/../x'],
    ['GET', '/x?y=/../'],
    ['GET', '/api'],
    ['GET', '/api/x/y'],
    ['POST', '/api/x'],
    ['DELETE', '/api/x'],
    ['GET', '/inner/x'],
    ['DELETE', '/inner'],
    ['GET', '/home'],
    ['GET', '/home/'],
    ['GET', '/home/x'],
    ['TRACE', '/'],
  ]
  for (const [method, path] of cases) {
    const trial = await tried(gate, method, `https://${host}${path}`, { address: '127.0.0.1' })
    const real = await gate.ask({ host, method, path })
    const code = real.status === 200 ? null : json<{ readonly code: string }>(real).code
    assert.deepEqual([trial.status ?? 200, trial.code], [real.status, code], `${method} ${path}: ${trial.text}`)
    if (real.status === 405) assert.match(String(real.headers['allow']), /^GET, HEAD, POST$/)
  }
  for (const address of ['127.0.0.1:443', 'nowhere', '10.0.0.0/8']) {
    const answer = await gate.admin('POST', '/api/v1/route-trials', { url: `https://${host}/`, address })
    assert.equal(answer.status, 400, address)
  }
  for (const wrong of ['APP.localhost.', 'nowhere.localhost', '[::1', 'a b', 'gatehouse.localhost']) {
    const { outcome, route } = await tried(gate, 'GET', `https://${wrong}/`)
    assert.ok(route === null && outcome !== 'served' && outcome !== 'sign-in', wrong)
  }
})

test('a trial says which route, why this one, which rule and which decision, for strangers and for people', async (t) => {
  const gate = await startGate(t)
  const upstreams = ['http://127.0.0.1:1']
  await gate.addRoute({ name: 'site', host, upstreams, access: publicly })
  await gate.addRoute({ name: 'wiki', host, path: '/wiki', upstreams })
  await gate.addRoute({ name: 'deep', host, path: '/*/x', upstreams })
  await gate.addRoute({ name: 'try', host, path: '/try', upstreams, mode: 'shadow' })
  const sam = await gate.addAccount('sam')

  const stranger = await tried(gate, 'get', `${host}/wiki/x?y`)
  assert.equal(stranger.outcome, 'sign-in')
  assert.deepEqual(stranger.route, {
    name: 'wiki',
    place: 'app.localhost/wiki/…',
    because: 'it names the segment wiki where the other has *, before deep',
    upstreams,
  })
  assert.deepEqual(
    stranger.others.map(({ name, because }) => [name, because]),
    [
      ['deep', 'of wiki: it names the segment wiki where the other has *'],
      ['site', 'of wiki: its path is longer'],
    ],
  )
  assert.deepEqual(stranger.rule[0], { name: 'Who', text: 'holders of routes:use:wiki' })

  const person = await tried(gate, 'GET', `https://${host}/wiki`, { principal: sam })
  assert.equal(person.code, 'gateway.refused')
  assert.equal(person.who.name, 'sam')
  assert.equal(person.decision?.code, 'not-held')
  assert.match(person.decision?.ways.join() ?? '', /A role or a grant that covers routes:use:wiki/)
  assert.equal((await tried(gate, 'GET', `https://${host}/`, { principal: sam })).outcome, 'served')
  assert.match((await tried(gate, 'GET', `https://${host}/try`)).text, /shadow mode/)
  assert.match((await tried(gate, 'GET', `https://${host}/WIKI`)).text, /which is wiki's/)

  const journal = (await gate.admin('GET', '/api/v1/audit-records?limit=100')).body
  assert.doesNotMatch(journal, /routes\.use|access\.refused/, 'a question is no use and no refusal')
})

test('attack: a trial tells nobody more than Why would', async (t) => {
  const gate = await startGate(t)
  await gate.addRoute({ name: 'wiki', host, upstreams: ['http://127.0.0.1:1'] })
  const ada = await gate.addAccount('ada', ['administrator'])
  await gate.addAccount('eve')
  const role = await gate.admin('POST', '/api/v1/roles', {
    name: 'reader',
    title: 'Reader',
    permissions: ['routes:read'],
  })
  assert.equal(role.status, 201, role.body)
  await gate.addAccount('ron', ['reader'])
  const [eve, ron] = [new TestBrowser(gate), new TestBrowser(gate)]
  const asked = (more = '') => `/routes/test?method=GET&url=https%3A%2F%2F${host}%2F${more}`
  assert.equal((await eve.openSigningIn(consoleHost, asked(), 'eve')).status, 403)
  assert.equal((await eve.visit(consoleHost, '/routes/check')).status, 403)
  const own = await ron.openSigningIn(consoleHost, asked(), 'ron')
  assert.equal(own.status, 200)
  assert.match(own.body, /A stranger is asked to sign in/)
  assert.match((await ron.visit(consoleHost, asked('&as=ron'))).body, /ron is refused with 403/)
  for (const more of ['&as=ada', '&as=nobody-at-all', '&from=192.0.2.7']) {
    const answer = await ron.visit(consoleHost, asked(more))
    assert.equal(answer.status, 403, more)
    assert.doesNotMatch(answer.body, new RegExp(ada), more)
  }
})
