import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testCertificate } from '#platform/testing'
import { startGate, TestBrowser } from '../testing.ts'

const consoleHost = 'gatehouse.localhost'

/** Settings unlike their defaults, those that no form shows among them. */
const full = {
  host: 'full.localhost',
  path: '/a/*',
  exact: true,
  methods: ['PUT', 'GET'],
  priority: -7,
  upstreams: ['https://a.internal:8443', 'https://b.internal:8443'],
  access: { kind: 'public', reason: 'a test of forms' },
  networks: ['10.0.0.0/8', '192.0.2.0/24'],
  timeouts: { connectMs: 1_000, headersMs: 2_000, bodyMs: 3_000, socketIdleMs: 4_000 },
  presentCertificate: true,
  authenticators: ['session', 'certificate', 'anonymous'],
  regions: ['DE', 'AT'],
  onRefusal: 'api',
  mode: 'shadow',
  request: {
    identityHeaders: { 'X-User': '{handle}', 'X-Empty': '' },
    assertion: false,
    setHeaders: { 'X-Tenant': 'acme: corp' },
    removeHeaders: ['Cookie', 'Authorization'],
    rewritePrefix: '/b',
  },
  response: {
    preset: 'strict',
    setHeaders: { 'x-robots-tag': 'noindex', 'x-pair': 'a: b' },
    removeHeaders: ['via', 'server'],
    cookieDomain: 'keep',
    cors: {
      origins: ['https://shop.example.org', 'http://localhost:5173'],
      methods: ['PUT'],
      headers: ['x-csrf-token'],
      exposeHeaders: ['etag'],
      credentials: true,
      maxAgeSeconds: 60,
    },
  },
  limits: {
    bodyBytes: 1_500_001,
    headerBytes: 8_000,
    rate: { requests: 600, perSeconds: 61, burst: 100, by: 'address' },
  },
  balance: {
    retries: 3,
    health: { path: '/healthz?deep=1', everyMs: 5_000, timeoutMs: 500, expect: ['204'] },
    idleMs: 5_000,
    ca: `${testCertificate('a.internal').cert}${testCertificate('b.internal').cert}`,
  },
}

const bare = { host: 'bare.localhost', upstreams: ['http://127.0.0.1:9'], access: { kind: 'signed-in' } }
const closed = {
  host: 'closed.localhost',
  upstreams: ['http://127.0.0.1:9'],
  assurance: { factors: 2, phishingResistant: true },
  request: { identityHeaders: {} },
  response: { removeHeaders: [], cors: { origins: ['*'] } },
  limits: { bodyBytes: 0, rate: { requests: 1, perSeconds: 1 } },
}

/** Each page of a route with a form, and where it sends it. */
const forms = [
  ['edit', ''],
  ['rule', '/rule'],
  ['request', '/request'],
  ['defence', '/defence'],
] as const

test('a form sent as it was shown changes nothing, neither what it shows nor what it does not', async (t) => {
  const gate = await startGate(t)
  await gate.addAccount('ada', ['administrator'])
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(consoleHost, '/routes', 'ada')
  for (const [name, body] of Object.entries({ full, bare, closed })) {
    const made = await gate.admin('POST', '/api/v1/routes', { name, ...body })
    assert.equal(made.status, 201, made.body)
    const read = async () => {
      const { body: text } = await gate.admin('GET', `/api/v1/routes/${name}`)
      const { updatedAt: _, ...rest } = JSON.parse(text) as Readonly<Record<string, unknown>>
      return rest
    }
    const before = await read()
    for (const [page, to] of forms) {
      const shown = await browser.visit(consoleHost, `/routes/${name}/${page}`)
      const sent = await browser.visit(consoleHost, `/routes/${name}${to}`, formIn(shown.body, `/routes/${name}${to}`))
      assert.equal(sent.status, 303, `${name} ${page} ${sent.body}`)
      assert.deepEqual(await read(), before, `${name} ${page}`)
    }
  }
})

test('a form that came too late comes back with what was typed, and says what saving it does', async (t) => {
  const gate = await startGate(t)
  await gate.addAccount('ada', ['administrator'])
  await gate.addRoute({ name: 'app', ...bare })
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(consoleHost, '/routes', 'ada')
  let priority = 0
  for (const [page, to, typed] of [
    ['edit', '', { path: '/typed' }],
    ['rule', '/rule', { regions: 'IS' }],
    ['request', '/request', { setHeaders: 'X-Typed: yes' }],
    ['defence', '/defence', { setHeaders: 'x-typed: yes' }],
  ] as const) {
    const action = `/routes/app${to}`
    const shown = formIn((await browser.visit(consoleHost, `/routes/app/${page}`)).body, action)
    priority += 1
    const meanwhile = await gate.admin('PATCH', '/api/v1/routes/app', { priority })
    assert.equal(meanwhile.status, 200, meanwhile.body)
    const late = await browser.visit(consoleHost, action, { ...shown, ...typed })
    assert.equal(late.status, 412, page)
    assert.match(late.body, /nothing of yours was saved.*saving it now replaces their change/s)
    const again = formIn(late.body, action)
    assert.deepEqual(again, { ...shown, ...typed, revision: again['revision'] }, page)
    assert.notEqual(again['revision'], shown['revision'])
    assert.equal((await browser.visit(consoleHost, action, again)).status, 303, page)
  }
})

test('a header line without a colon and a name that stands twice are faults, not other headers', async (t) => {
  const gate = await startGate(t)
  await gate.addAccount('ada', ['administrator'])
  await gate.addRoute({ name: 'app', ...bare })
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(consoleHost, '/routes', 'ada')
  for (const [page, field] of [
    ['request', 'setHeaders'],
    ['request', 'identityHeaders'],
    ['defence', 'setHeaders'],
  ] as const) {
    const at = `/routes/app/${page}`
    const shown = formIn((await browser.visit(consoleHost, at)).body, at)
    for (const [lines, fault] of [
      ['X-Tenant', 'X-Tenant has no colon'],
      ['X-A: b\nX-A: c', 'X-A stands there twice'],
    ] as const) {
      const refused = await browser.visit(consoleHost, at, { ...shown, [field]: lines })
      assert.equal(refused.status, 400, `${page} ${field} ${lines}`)
      assert.match(refused.body, new RegExp(fault))
    }
  }
})

test('the form of a route makes and changes its place', async (t) => {
  const gate = await startGate(t)
  await gate.addAccount('ada', ['administrator'])
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(consoleHost, '/routes', 'ada')
  const fresh = { ...formIn((await browser.visit(consoleHost, '/routes/new')).body, '/routes'), name: 'app' }
  const wanted = {
    ...fresh,
    host: bare.host,
    upstreams: 'http://127.0.0.1:9',
    path: '/a',
    exact: 'on',
    methods: 'get, put',
  }
  const wrong = await browser.visit(consoleHost, '/routes', { ...wanted, priority: 'high' })
  assert.equal(wrong.status, 400)
  assert.match(wrong.body, /a whole number/)
  const made = await browser.open(consoleHost, '/routes', { ...wanted, priority: '5' })
  assert.match(made.body, /GET,PUT bare\.localhost\/a \(priority 5\)/)
  const form = formIn((await browser.visit(consoleHost, '/routes/app/edit')).body, '/routes/app')
  const { exact: _, ...rest } = form
  const changed = await browser.open(consoleHost, '/routes/app', { ...rest, methods: '', priority: '' })
  assert.match(changed.body, /<code>bare\.localhost\/a\/…<\/code>/)
})

/** What a browser sends of the form for an address, as it was shown: lines end in CRLF (HTML, "form submission"). */
function formIn(page: string, action: string): Readonly<Record<string, string>> {
  const form = page.split('<form').find((part) => part.split('>', 1)[0]?.includes(`action="${action}"`))
  assert.ok(form !== undefined, `no form for ${action}`)
  const fields: Record<string, string> = {}
  for (const [, kind, text = '', content = ''] of form.matchAll(/<(input|textarea)([^>]*)>(?:([^<]*)<\/textarea>)?/g)) {
    const attributes = new Map(
      [...text.matchAll(/([a-z-]+)(?:="([^"]*)")?/g)].map(([, key = '', value = '']) => [key, value]),
    )
    const isChoice = ['checkbox', 'radio'].includes(attributes.get('type') ?? '')
    if (isChoice && !attributes.has('checked')) continue
    // a line break right behind the tag is none of the text's
    const value =
      kind === 'textarea' ? content.replace(/^\n/, '').replaceAll('\n', '\r\n') : (attributes.get('value') ?? '')
    fields[attributes.get('name') ?? ''] = unescaped(value)
  }
  return fields
}

function unescaped(text: string): string {
  const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return text.replaceAll(/&([a-z]+|#\d+);/g, (whole, name: string) => names[name] ?? whole)
}
