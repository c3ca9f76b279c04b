import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '#platform/testing'
import { type Answer, startGate, startUpstream, TestBrowser } from '../testing.ts'

const upstreams = ['http://127.0.0.1:3000']
const consoleHost = 'gatehouse.localhost'
const blog = { name: 'blog', host: 'blog.example.org', upstreams }

function codeOf(answer: Answer): unknown {
  return (JSON.parse(answer.body) as { readonly code?: unknown }).code
}

eachDialect((_, open) => {
  test('a route is created, read, listed, changed and removed; each change stands in the journal', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const made = await gate.admin('POST', '/api/v1/routes', blog)
    assert.equal(made.status, 201, made.body)
    const view = JSON.parse(made.body) as Record<string, unknown>
    assert.deepEqual(view['access'], { kind: 'permission', permission: 'routes:use:blog' })
    assert.equal(view['path'], '/')
    await gate.admin('POST', '/api/v1/routes', { ...blog, name: 'api', path: '/api' })

    const first = JSON.parse((await gate.admin('GET', '/api/v1/routes?limit=1')).body) as {
      items: { name: string }[]
      next: string
    }
    assert.deepEqual(
      first.items.map(({ name }) => name),
      ['api'],
    )
    const second = JSON.parse(
      (await gate.admin('GET', `/api/v1/routes?limit=1&cursor=${first.next}`)).body,
    ) as typeof first
    assert.deepEqual(
      second.items.map(({ name }) => name),
      ['blog'],
    )
    assert.equal(second.next, null)

    const etag = made.headers.etag ?? ''
    const patch = { upstreams: ['http://127.0.0.1:4000'], timeouts: { connectMs: 1_000 } }
    const changed = await gate.admin('PATCH', '/api/v1/routes/blog', patch, { 'if-match': etag })
    assert.equal(changed.status, 200, changed.body)
    assert.notEqual(changed.headers.etag, etag)
    const stale = await gate.admin('PATCH', '/api/v1/routes/blog', patch, { 'if-match': etag })
    assert.equal(stale.status, 412)

    assert.equal((await gate.admin('DELETE', '/api/v1/routes/blog')).status, 204)
    assert.equal(codeOf(await gate.admin('GET', '/api/v1/routes/blog')), 'gateway.route-unknown')
    const again = await gate.admin('POST', '/api/v1/routes', blog)
    assert.equal(again.status, 409)
    assert.equal(codeOf(again), 'gateway.name-taken')
    assert.equal((await gate.admin('POST', '/api/v1/routes', { ...blog, name: 'blog2' })).status, 201)

    const journal = (await gate.admin('GET', '/api/v1/audit-records?limit=100')).body
    for (const action of ['routes.create', 'routes.update', 'routes.delete']) assert.match(journal, new RegExp(action))
  })

  test('two routes never share a place, whatever its spelling', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    await gate.addRoute({ ...blog, path: '/App' })
    const same = await gate.admin('POST', '/api/v1/routes', { ...blog, name: 'other', path: '/app' })
    assert.equal(same.status, 409)
    assert.equal(codeOf(same), 'gateway.route-duplicate')
    assert.match(same.body, /blog/)
    await gate.addRoute({ ...blog, name: 'other', path: '/other' })
    const moved = await gate.admin('PATCH', '/api/v1/routes/other', { path: '/APP' })
    assert.equal(codeOf(moved), 'gateway.route-duplicate')
    const races = await Promise.all(
      ['r1', 'r2', 'r3'].map((name) => gate.admin('POST', '/api/v1/routes', { ...blog, name, path: '/race' })),
    )
    assert.deepEqual(
      races.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 409, 409],
    )
  })
})

test('what is not a route is refused field by field, and nothing is kept', async (t) => {
  const gate = await startGate(t)
  const wrong: readonly Readonly<Record<string, unknown>>[] = [
    { name: 'Blog' },
    { name: 'new' },
    { name: '' },
    { host: 'BLOG.example.org' },
    { host: 'blog.example.org.' },
    { host: 'blog.example.org:443' },
    { host: 'blog' },
    { host: '127.0.0.1' },
    { host: '*.example.org' },
    { path: 'app' },
    { path: '/app/' },
    { path: '/../app' },
    { path: '/a//b' },
    { path: '/a%2fb' },
    { path: '/.gatehouse' },
    { path: '/.Gatehouse/x' },
    { upstreams: ['ftp://127.0.0.1'] },
    { upstreams: ['http://user:secret@127.0.0.1'] },
    { upstreams: ['http://127.0.0.1/path'] },
    { upstreams: ['http://127.0.0.1/?q'] },
    { upstreams: ['http://127.0.0.1/#f'] },
    { upstreams: ['file:///etc/passwd'] },
    { upstreams: ['127.0.0.1:3000'] },
    { access: { kind: 'public' } },
    { access: { kind: 'public', reason: '' } },
    { access: { kind: 'permission', permission: '*' } },
    { access: { kind: 'permission', permission: 'accounts:read' } },
    { access: { kind: 'anything' } },
    { networks: ['10.0.0.0'] },
    { networks: ['office'] },
    { networks: ['10.0.0.1/8'] },
    { networks: ['1.2.3.4/33'] },
    { networks: [':::/0'] },
    { timeouts: { connectMs: 0 } },
    { unknown: 1 },
  ]
  for (const fields of wrong) {
    const answer = await gate.admin('POST', '/api/v1/routes', { ...blog, ...fields })
    assert.equal(answer.status, 400, JSON.stringify(fields))
    assert.equal(codeOf(answer), 'platform.invalid-input')
  }
  const own = await gate.admin('POST', '/api/v1/routes', { ...blog, host: consoleHost })
  assert.equal(codeOf(own), 'gateway.host-reserved')
  assert.equal((JSON.parse((await gate.admin('GET', '/api/v1/routes')).body) as { items: unknown[] }).items.length, 0)
})

test('a change that the journal cannot tell whole is refused as too large, and the route can be made smaller', async (t) => {
  const gate = await startGate(t)
  const setHeaders = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`x-${index}`, 'x'.repeat(4_070)]))
  const patch = (changes: object) => gate.admin('PATCH', '/api/v1/routes/blog', changes)
  await gate.admin('POST', '/api/v1/routes', {
    ...blog,
    upstreams: Array.from({ length: 32 }, (_, index) => `http://${index}.${`${'a'.repeat(60)}.`.repeat(3)}example`),
  })
  // each fits a request's body, and a change of one tells both twice
  assert.equal((await patch({ request: { setHeaders } })).status, 200)
  assert.equal((await patch({ response: { setHeaders } })).status, 200, 'as large as a body may be')
  const refused = await patch({ priority: 5 })
  assert.deepEqual([refused.status, codeOf(refused)], [413, 'platform.change-too-large'], refused.body)
  assert.equal((await patch({ request: { setHeaders: {} }, priority: 5 })).status, 200)
})

test('a change of a route holds from the next request on', async (t) => {
  const gate = await startGate(t)
  const app = await startUpstream(t)
  const other = await startUpstream(t, (_, response) => response.end('other'))
  const host = 'app.localhost'
  await gate.addRoute({ name: 'app', host, upstreams: [app.origin], access: { kind: 'public', reason: 'a test' } })
  assert.equal((await gate.ask({ host })).body, 'hello')
  await gate.admin('PATCH', '/api/v1/routes/app', { upstreams: [other.origin] })
  assert.equal((await gate.ask({ host })).body, 'other')
  await gate.admin('PATCH', '/api/v1/routes/app', { access: { kind: 'signed-in' } })
  assert.equal((await gate.ask({ host })).status, 401)
  await gate.admin('DELETE', '/api/v1/routes/app')
  await assert.rejects(gate.ask({ host }))
})

test('attack 35: the API takes no change from a page of another origin, nor from an app host', async (t) => {
  const gate = await startGate(t)
  await gate.addAccount('alice', ['administrator'])
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(consoleHost, '/routes', 'alice')
  const cookie = [...(browser.jars.get(consoleHost) ?? [])].map((pair) => pair.join('=')).join('; ')
  for (const origin of [
    'https://evil.example',
    `https://app.localhost:${gate.port}`,
    'null',
    `http://${consoleHost}:${gate.port}`,
  ]) {
    const answer = await gate.ask({
      host: consoleHost,
      path: '/api/v1/routes',
      method: 'POST',
      headers: { cookie, origin, 'content-type': 'application/json' },
      body: JSON.stringify(blog),
    })
    assert.equal(answer.status, 403, origin)
  }
  assert.equal((JSON.parse((await gate.admin('GET', '/api/v1/routes')).body) as { items: unknown[] }).items.length, 0)
})

test('the console’s pages create, show, test, change and remove a route; faults come back with the form', async (t) => {
  const gate = await startGate(t)
  const app = await startUpstream(t)
  await gate.addAccount('alice', ['administrator'])
  const browser = new TestBrowser(gate)
  const empty = await browser.openSigningIn(consoleHost, '/routes', 'alice')
  assert.match(empty.body, /No routes yet/)
  const form = {
    name: 'app',
    host: 'app.localhost',
    path: '/',
    upstreams: app.origin,
    rule: 'public',
    permission: '',
    reason: '',
    networks: '',
  }
  const faulty = await browser.visit(consoleHost, '/routes', form)
  assert.equal(faulty.status, 400)
  assert.match(faulty.body, /say why nobody is asked/)
  assert.match(faulty.body, /value="app\.localhost"/)
  const listed = await browser.visit(consoleHost, '/routes', {
    ...form,
    networks: '10.0.0.0/8 nonsense',
    upstreams: 'x',
  })
  for (const name of ['networks', 'upstreams']) {
    assert.ok(listed.body.includes(`id="field-${name}-fault"`), `what is wrong in a line of ${name} stands at it`)
    assert.ok(listed.body.includes(`href="#field-${name}"`))
  }
  const made = await browser.open(consoleHost, '/routes', { ...form, reason: 'open to all' })
  assert.equal(made.status, 200, made.body)
  assert.match(made.body, /open to all/)
  const taken = await browser.visit(consoleHost, '/routes', { ...form, name: 'app2', reason: 'open to all' })
  assert.equal(taken.status, 409)
  assert.match(taken.body, /belongs to route app/)
  assert.match((await browser.visit(consoleHost, '/routes/app/test', {})).body, /The app answered 200/)
  const edited = { ...form, rule: 'signed-in', revision: '1' }
  const { name: _, ...change } = edited
  assert.equal((await browser.visit(consoleHost, '/routes/app', change)).status, 303)
  const stale = await browser.visit(consoleHost, '/routes/app', change)
  assert.equal(stale.status, 412)
  assert.match((await browser.visit(consoleHost, '/routes/app/delete')).body, /never used again/)
  assert.equal((await browser.open(consoleHost, '/routes/app/delete', { revision: '2' })).status, 200)
  assert.match((await browser.visit(consoleHost, '/routes')).body, /No routes yet/)
})

test('assertion keys rotate with overlap: both are published, the old one signs on for ten minutes', async (t) => {
  const gate = await startGate(t)
  const keysOf = async () => {
    const { body } = await gate.ask({ host: consoleHost, path: '/.well-known/gatehouse/jwks.json' })
    return (JSON.parse(body) as { readonly keys: { readonly kid: string }[] }).keys.map(({ kid }) => kid)
  }
  const [first] = await keysOf()
  // keys of one millisecond have no order
  gate.clock.advance(1)
  const made = await gate.admin('POST', '/api/v1/assertion-keys')
  assert.equal(made.status, 201, made.body)
  const { id, state } = JSON.parse(made.body) as { readonly id: string; readonly state: string }
  assert.equal(state, 'published')
  assert.deepEqual(new Set(await keysOf()), new Set([first, id]))
  gate.clock.advance(600_000)
  const { items } = JSON.parse((await gate.admin('GET', '/api/v1/assertion-keys')).body) as {
    readonly items: { readonly id: string; readonly state: string }[]
  }
  assert.deepEqual(Object.fromEntries(items.map((key) => [key.id, key.state])), {
    [first ?? '']: 'ending',
    [id]: 'signing',
  })
  gate.clock.advance(600_000)
  await gate.admin('POST', '/api/v1/assertion-keys')
  assert.ok(!(await keysOf()).includes(first ?? ''))
})
