import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { listUses } from '#platform'
import { eachDialect } from '#platform/testing'
import { startGate, TestBrowser, type TestGate, testPassword } from '../testing.ts'
import { askWire, question, type WireAnswer } from './testing.ts'

const host = 'app.localhost'
const signedIn = { kind: 'signed-in' }
const publicly = { kind: 'public', reason: 'a test of forward-auth' }
const guarded = { kind: 'permission', permission: 'routes:use:closed' }
const page = 'Accept: text/html'

async function start(t: TestContext, proxies = '127.0.0.1', more: Record<string, string> = {}): Promise<TestGate> {
  const gate = await startGate(t, { environment: { GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: proxies, ...more } })
  await gate.addRoute({ name: 'app', host, upstreams: ['none:'], access: signedIn })
  return gate
}

interface Described {
  readonly method?: string
  readonly uri?: string
  readonly host?: string
  readonly proto?: string
  readonly from?: string
  readonly lines?: readonly string[]
}

const ask = (gate: TestGate, bytes: string): Promise<WireAnswer> => askWire(gate.kernel.listener.httpPort, bytes)

/** As Traefik and Caddy describe a request. */
function forwarded({ method = 'GET', uri = '/', proto = 'https', from = '192.0.2.7', ...rest }: Described): string {
  return question('/forward-auth/forwarded', [
    `X-Forwarded-Method: ${method}`,
    `X-Forwarded-Proto: ${proto}`,
    `X-Forwarded-Host: ${rest.host ?? host}`,
    `X-Forwarded-Uri: ${uri}`,
    `X-Forwarded-For: ${from}`,
    ...(rest.lines ?? []),
  ])
}

/** As nginx does, with the configuration of docs/forward-auth.md. */
function nginx({ method = 'GET', uri = '/', from = '192.0.2.7', ...rest }: Described, refusal = false): string {
  return question(`/forward-auth/nginx${refusal ? '/refusal' : ''}`, [
    `X-Original-Method: ${method}`,
    `X-Original-URL: ${rest.proto ?? 'https'}://${rest.host ?? host}${uri}`,
    `X-Forwarded-For: ${from}`,
    ...(rest.lines ?? []),
  ])
}

/** As Envoy's HTTP authorization service does: the request itself, behind a prefix. */
function envoy({ method = 'GET', uri = '/', from = '192.0.2.7', ...rest }: Described): string {
  const lines = [`X-Forwarded-Proto: ${rest.proto ?? 'https'}`, `X-Forwarded-For: ${from}`, ...(rest.lines ?? [])]
  return question(`/forward-auth/envoy${uri}`, lines, method, rest.host ?? host)
}

const caddy = (described: Described): string =>
  forwarded(described).replace('/forward-auth/forwarded', '/forward-auth/caddy')

const dialects = [
  ['forwarded', forwarded],
  ['caddy', caddy],
  ['nginx', nginx],
  ['envoy', envoy],
] as const

async function sessionOf(gate: TestGate, handle: string): Promise<string> {
  // the app's own part answers on the TLS port too
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(host, '/', handle)
  const cookie = browser.jars.get(host)?.get('__Host-gatehouse-app')
  assert.ok(cookie !== undefined)
  return `Cookie: __Host-gatehouse-app=${cookie}`
}

async function tokenOf(gate: TestGate, handle: string): Promise<string> {
  const made = await gate.admin('POST', '/api/v1/sign-in', { handle, password: testPassword, label: 'ci' })
  return (JSON.parse(made.body) as { readonly secret: string }).secret
}

eachDialect((dialect, open) => {
  test(`${dialect}: a person passes in every proxy's words, with identity headers and nothing of our own credentials`, async (t) => {
    const gate = await startGate(t, {
      place: (inner) => open.place(inner),
      environment: { GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '127.0.0.1' },
    })
    await gate.addRoute({ name: 'app', host, upstreams: ['none:'], access: signedIn })
    await gate.addAccount('ada')
    const session = await sessionOf(gate, 'ada')
    const token = `Authorization: Bearer ${await tokenOf(gate, 'ada')}`
    for (const [name, say] of dialects) {
      const answer = await ask(gate, say({ uri: '/page?q=1', lines: [`${session}; theme=dark`, 'Remote-User: root'] }))
      assert.equal(answer.status, 200, `${name}: ${answer.body}`)
      assert.equal(answer.headers['remote-user'], 'ada')
      assert.match(answer.headers['x-gatehouse-assertion'] ?? '', /^ey/)
      assert.equal(answer.headers['cookie'], 'theme=dark')
      assert.equal(answer.headers['authorization'] || undefined, undefined)
      assert.equal(answer.headers['content-length'], '0')
      const byToken = await ask(gate, say({ method: 'POST', lines: [token] }))
      assert.equal(byToken.status, 200, `${name}: ${byToken.body}`)
      assert.equal(byToken.headers['authorization'] || undefined, undefined)
      const others = await ask(gate, say({ lines: [session, 'Authorization: Basic YTpi'] }))
      assert.equal(others.headers['authorization'], 'Basic YTpi')
    }
    // in place of what is not there Caddy 2.6 would copy the name of its placeholder
    assert.equal((await ask(gate, caddy({ lines: [session] }))).headers['authorization'], '')
    const told = await ask(gate, envoy({ lines: [session] }))
    assert.equal(told.headers['x-envoy-auth-headers-to-remove'], 'cookie,authorization')
  })
})

test('strangers on a page are led to sign-in and back to the exact page; programs get 401 and a challenge', async (t) => {
  const gate = await start(t)
  for (const say of [forwarded, envoy]) {
    const led = await ask(gate, say({ uri: '/deep/page?a=1&b=2', lines: [page] }))
    assert.equal(led.status, 303)
    const at = new URL(led.headers['location'] ?? '')
    assert.equal(`${at.hostname}${at.pathname}`, 'gatehouse.localhost/gate')
    const [state = ''] = (at.searchParams.get('state') ?? '').split('.')
    assert.match(Buffer.from(state, 'base64url').toString(), /deep\/page\?a=1&b=2/)
    assert.match(led.headers['set-cookie'] ?? '', /^__Host-gatehouse-gate=/)
    const program = await ask(gate, say({}))
    assert.equal(program.status, 401)
    assert.match(program.headers['www-authenticate'] ?? '', /^Bearer realm="Gatehouse"/)
    assert.equal((JSON.parse(program.body) as { code: string }).code, 'gateway.sign-in-required')
  }
  // nginx knows 401 and 403 only, and asks for the answer itself
  const verdict = await ask(gate, nginx({ uri: '/deep', lines: [page] }))
  assert.deepEqual([verdict.status, verdict.body, verdict.headers['location']], [401, '', undefined])
  assert.equal((await ask(gate, nginx({ uri: '/deep', lines: [page] }, true))).status, 303)
  assert.equal((await ask(gate, nginx({}, true))).status, 401)
})

test('whoever may not use the app is told so; nginx asks for the page in a second question, which lets nobody in', async (t) => {
  const gate = await start(t)
  await gate.addRoute({ name: 'closed', host, path: '/closed', upstreams: ['none:'], access: guarded })
  await gate.addAccount('ada')
  const session = await sessionOf(gate, 'ada')
  const refused = await ask(gate, forwarded({ uri: '/closed/x', lines: [session, page] }))
  assert.equal(refused.status, 403)
  assert.match(refused.body, /open app\.localhost/)
  assert.equal((await ask(gate, nginx({ uri: '/closed/x', lines: [session, page] }))).status, 403)
  assert.match((await ask(gate, nginx({ uri: '/closed/x', lines: [session, page] }, true))).body, /open app\.localhost/)
  const again = await ask(gate, nginx({ uri: '/fine?x=1', lines: [session] }, true))
  assert.deepEqual(
    [again.status, again.headers['location'], again.headers['remote-user']],
    [307, '/fine?x=1', undefined],
  )
  assert.equal(again.headers['x-gatehouse-assertion'], undefined)
})

test('nobody but configured proxies is answered, whatever they send; a line a minute says who asked', async (t) => {
  const gate = await start(t, '192.0.2.1')
  await gate.addAccount('ada')
  const session = await sessionOf(gate, 'ada')
  for (const [, say] of dialects) {
    const answer = await ask(gate, say({ lines: [session, 'X-Forwarded-For: 192.0.2.1', 'X-Real-IP: 192.0.2.1'] }))
    assert.equal(answer.status, 403)
    assert.match(answer.body, /gateway\.forward-auth-proxy/)
    assert.equal(answer.headers['remote-user'], undefined)
  }
  const lines = gate.log.entries.filter(({ message }) => message.startsWith('asked who may pass'))
  assert.equal(lines.length, 1)
  gate.clock.advance(61_000)
  await ask(gate, forwarded({}))
  assert.equal(gate.log.entries.filter(({ message }) => message.startsWith('asked who may pass')).length, 2)
})

test('attacks 4, 8: a question that misses something, says it twice or unreadably lets nothing through', async (t) => {
  const gate = await start(t)
  await gate.addAccount('ada')
  const session = await sessionOf(gate, 'ada')
  const good = forwarded({ lines: [session] })
  assert.equal((await ask(gate, good)).status, 200)
  for (const name of ['Method', 'Proto', 'Host', 'Uri', 'For']) {
    const line = new RegExp(`X-Forwarded-${name}: (.*)\r\n`)
    const [whole = '', value = ''] = line.exec(good) ?? []
    for (const bad of ['', `X-Forwarded-${name}: \r\n`, whole + whole, `${whole}x-forwarded-${name}: ${value}\r\n`]) {
      const answer = await ask(gate, good.replace(whole, bad))
      assert.equal(answer.status, 400, `${name} as ${JSON.stringify(bad)}`)
      assert.equal(answer.headers['remote-user'], undefined)
    }
    const other = good.replace(whole, whole.replace('X-Forwarded-', 'X_Forwarded_'))
    assert.equal((await ask(gate, other)).status, 400, `${name} with underscores`)
  }
  for (const from of ['unknown', '', 'x', '192.0.2.7, unknown', '999.1.1.1', '::ffff:', '192.0.2.7:99999999']) {
    assert.equal((await ask(gate, forwarded({ from, lines: [session] }))).status, 400, from)
  }
  for (const bad of ['get', 'GET POST', '*', 'G'.repeat(40)]) {
    assert.equal((await ask(gate, forwarded({ method: bad, lines: [session] }))).status, 400, bad)
  }
  for (const proto of ['http', 'HTTPS', 'wss', 'https, http']) {
    assert.equal((await ask(gate, forwarded({ proto, lines: [session] }))).status, 400, proto)
  }
  for (const method of ['CONNECT', 'TRACE']) {
    assert.equal((await ask(gate, forwarded({ method, lines: [session] }))).status, 501, method)
  }
  const unclear = [
    'app.localhost/x',
    '//app.localhost/',
    'https:/app.localhost/',
    'https://app.localhost',
    'https://app.localhost?x',
    'https://a@app.localhost/',
    'https:///x',
    'HTTPS://app.localhost/',
  ]
  for (const url of unclear) {
    const bytes = nginx({ lines: [session] }).replace(/X-Original-URL: .*\r\n/, `X-Original-URL: ${url}\r\n`)
    // nginx is told a verdict: everything but a stranger is 403
    assert.equal((await ask(gate, bytes)).status, 403, url)
  }
  for (const target of ['/forward-auth/', '/forward-auth/other', '/forward-auth/forwarded/']) {
    assert.equal((await ask(gate, good.replace('/forward-auth/forwarded', target))).status, 400, target)
  }
})

test('attacks 1, 2, 13: targets and hosts that can be read in two ways are refused, in every dialect', async (t) => {
  const gate = await start(t)
  await gate.addRoute({
    name: 'open',
    host,
    path: '/open',
    upstreams: ['none:'],
    access: { kind: 'public', reason: 'a test of what is public' },
  })
  for (const [name, say] of dialects) {
    assert.equal((await ask(gate, say({ uri: '/open/x' }))).status, 200, name)
    for (const uri of [
      '/open/../x',
      '/open/%2e%2e/x',
      '/open/..;/x',
      '/open//x',
      '/open/%2fx',
      '/open\\..\\x',
      '/open/x#y',
    ]) {
      assert.ok([400, 403].includes((await ask(gate, say({ uri }))).status), `${name} ${uri}`)
    }
    for (const named of [
      'app.localhost.',
      'a@app.localhost',
      'app.localhost:443:1',
      'app_x..localhost',
      'other.localhost',
    ]) {
      const { status, headers } = await ask(gate, say({ uri: '/open/x', host: named }))
      assert.ok(status >= 400 && headers['remote-user'] === undefined, `${name} ${named}: ${status}`)
    }
    assert.equal((await ask(gate, say({ uri: '/open/x', host: 'APP.localhost:443' }))).status, 200, name)
    assert.notEqual((await ask(gate, say({ uri: '/.gatehouse/sign-out' }))).status, 200)
  }
})

test('attacks 3, 12: the address is the one the proxy wrote last, in any spelling; networks of the route hold', async (t) => {
  const gate = await start(t)
  await gate.addRoute({
    name: 'office',
    host: 'office.localhost',
    upstreams: ['none:'],
    access: { kind: 'public', reason: 'a test of networks' },
    networks: ['10.1.0.0/16'],
  })
  const from = async (address: string) =>
    (await ask(gate, forwarded({ host: 'office.localhost', from: address, lines: ['X-Real-IP: 10.1.2.3'] }))).status
  for (const inside of [
    '10.1.2.3',
    '::ffff:10.1.2.3',
    '10.1.2.3:4711',
    '192.0.2.9, 10.1.2.3',
    '8.8.8.8, 10.1.2.3, 127.0.0.1',
  ]) {
    assert.equal(await from(inside), 200, inside)
  }
  for (const outside of ['192.0.2.9', '10.1.2.3, 192.0.2.9', '127.0.0.1', '::ffff:192.0.2.9', '10.10.0.1', '::1']) {
    assert.equal(await from(outside), 403, outside)
  }
})

test('proxies in front that a reload names are looked behind from then on', async (t) => {
  const gate = await start(t)
  const networks = ['10.1.0.0/16']
  const access = { kind: 'public', reason: 'a test of networks' }
  await gate.addRoute({ name: 'office', host: 'office.localhost', upstreams: ['none:'], access, networks })
  const through = async (): Promise<number> =>
    (await ask(gate, forwarded({ host: 'office.localhost', from: '10.1.2.3, 172.16.0.9' }))).status
  assert.equal(await through(), 403)
  await gate.reload({ GATEHOUSE_LISTEN_TRUSTED_PROXIES: '172.16.0.0/12' })
  assert.equal(await through(), 200)
  await gate.reload({ GATEHOUSE_LISTEN_TRUSTED_PROXIES: '192.0.2.0/24' })
  assert.equal(await through(), 403)
})

test('who may ask changes with a reload, at once', async (t) => {
  const gate = await start(t)
  await gate.addRoute({ name: 'open', host: 'open.localhost', upstreams: ['none:'], access: publicly })
  const asked = async () => (await ask(gate, forwarded({ host: 'open.localhost' }))).status
  assert.equal(await asked(), 200)
  await gate.reload({ GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '192.0.2.0/24' })
  assert.equal(await asked(), 403)
  await gate.reload({ GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '192.0.2.0/24, 127.0.0.1' })
  assert.equal(await asked(), 200)
})

test('attacks 8, 9, 11: no cookie, agent or size makes anybody pass', async (t) => {
  const gate = await start(t)
  const lines = [
    'Cookie: __Host-gatehouse-app=',
    'Cookie: __Host-gatehouse-app=%00; __Host-gatehouse-app=x',
    `Cookie: __Host-gatehouse-app=${'x'.repeat(9_000)}`,
    'Cookie: ;;;=;',
    'User-Agent: kube-probe/1.29',
    'User-Agent: GoogleHC/1.0',
    'User-Agent: ELB-HealthChecker/2.0',
    'Authorization: Bearer gat_x',
    'Authorization: bearer gat_',
    'X-Gatehouse-Assertion: x',
    'Remote-User: root',
  ]
  for (const [name, say] of dialects) {
    for (const line of lines) {
      const answer = await ask(gate, say({ lines: [line] }))
      assert.equal(answer.status, 401, `${name} ${line.slice(0, 60)}`)
      assert.equal(answer.headers['remote-user'], undefined)
    }
    const huge = await ask(gate, say({ lines: [`X-Long: ${'x'.repeat(20_000)}`] }))
    assert.ok(huge.status === 431, `${name}: ${huge.status}`)
  }
})

test('a page of another site can neither change anything nor open a WebSocket with a session', async (t) => {
  const gate = await start(t)
  await gate.addAccount('ada')
  const session = await sessionOf(gate, 'ada')
  const own = `https://${host}:${gate.port}`
  const socket = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']
  for (const [name, say] of dialects) {
    const status = async (method: string, ...lines: readonly string[]) =>
      (await ask(gate, say({ method, lines: [session, ...lines] }))).status
    assert.equal(await status('POST', 'Origin: https://evil.example'), 403, name)
    assert.equal(await status('POST', 'Sec-Fetch-Site: cross-site'), 403, name)
    assert.equal(await status('POST', `Origin: ${own}`), 200, name)
    assert.equal(await status('GET', 'Origin: https://evil.example', ...socket), 403, name)
    assert.equal(await status('GET', ...socket), 403, `${name}: no Origin`)
    for (const one of socket) assert.equal(await status('GET', 'Origin: https://evil.example', one), 403, one)
    assert.equal(await status('GET', 'Upgrade: websocket', 'Origin: https://evil.example'), 403, name)
    assert.equal(await status('GET', `Origin: ${own}`, ...socket), 200, name)
  }
})

test("methods, places and shadow mode are the route's own, and what passed is journalled and counted", async (t) => {
  const gate = await start(t)
  await gate.addRoute({
    name: 'reading',
    host,
    path: '/read',
    methods: ['GET', 'HEAD'],
    upstreams: ['none:'],
    access: signedIn,
  })
  await gate.addRoute({ name: 'trial', host, path: '/trial', upstreams: ['none:'], access: signedIn, mode: 'shadow' })
  await gate.addAccount('ada')
  const session = await sessionOf(gate, 'ada')
  assert.equal((await ask(gate, forwarded({ uri: '/read', method: 'POST', lines: [session] }))).status, 405)
  assert.equal((await ask(gate, forwarded({ uri: '/read', method: 'HEAD', lines: [session] }))).status, 200)
  const override = 'X-HTTP-Method-Override: PUT'
  assert.equal((await ask(gate, forwarded({ uri: '/read', method: 'GET', lines: [session, override] }))).status, 400)
  const trial = await ask(gate, forwarded({ uri: '/trial' }))
  assert.deepEqual([trial.status, trial.headers['remote-user']], [200, undefined])
  await gate.kernel.journal.flush()
  const uses = await listUses(gate.kernel.database.db, {}, { limit: 10 })
  const [use, ...others] = uses.filter(({ address }) => address === '192.0.2.7')
  assert.deepEqual([use?.resource.name, use?.permission, use?.count, others], ['reading', 'routes:use:reading', 1, []])
  const metrics = await gate.kernel.metrics.text()
  assert.match(metrics, /gatehouse_gateway_answers_total\{route="reading",answer="2xx"\} 1/)
  assert.match(metrics, /gatehouse_gateway_refusals_total\{code="gateway\.method-not-allowed"\} 1/)
})

test("a route's limits hold where another proxy carries the bytes: how often, and how large its headers are", async (t) => {
  const gate = await start(t)
  for (const [name] of dialects) {
    const limits = { headerBytes: 4_096, rate: { requests: 2, perSeconds: 3_600, burst: 2, by: 'address' } }
    await gate.addRoute({ name, host, path: `/${name}`, upstreams: ['none:'], access: publicly, limits })
  }
  for (const [name, say] of dialects) {
    const status = async (...lines: readonly string[]) => (await ask(gate, say({ uri: `/${name}`, lines }))).status
    const large = `X-Large: ${'x'.repeat(5_000)}`
    assert.equal(await status(large), name === 'nginx' ? 403 : 431, name)
    assert.deepEqual([await status(), await status()], [200, 200], name)
    assert.equal(await status(), name === 'nginx' ? 403 : 429, name)
  }
  const told = await ask(gate, nginx({ uri: '/nginx' }, true))
  assert.equal(told.status, 429)
  assert.equal(told.headers['retry-after'], '1800')
  assert.equal((await ask(gate, forwarded({ uri: '/forwarded', from: '192.0.2.8' }))).status, 200)
})

test("an app host's own part is served through the proxy: signing in leads back through it", async (t) => {
  const gate = await start(t)
  await gate.addAccount('ada')
  const carried = (path: string, lines: readonly string[] = [], method = 'GET', named = host) =>
    ask(
      gate,
      question(
        `/forward-auth/own${path}`,
        ['X-Forwarded-Proto: https', 'X-Forwarded-For: 192.0.2.7', ...lines],
        method,
        named,
      ),
    )
  const led = await ask(gate, forwarded({ uri: '/deep?x=1', lines: [page] }))
  const nonce = /^[^;]+/.exec(led.headers['set-cookie'] ?? '')?.[0] ?? ''
  const at = new URL(led.headers['location'] ?? '')
  const browser = new TestBrowser(gate)
  const form = { handle: 'ada', password: testPassword, to: at.pathname + at.search }
  const signIn = await browser.visit(at.hostname, '/sign-in', form)
  const next = await browser.visit(
    at.hostname,
    new URL(
      /url=(.*)$/.exec(String(signIn.headers['refresh'] ?? ''))?.[1] ?? signIn.headers.location ?? '',
      at,
    ).href.slice(at.origin.length),
  )
  const back = new URL(next.headers.location ?? /url=(.*)$/.exec(String(next.headers['refresh'] ?? ''))?.[1] ?? '', at)
  assert.equal(back.pathname, '/.gatehouse/callback')
  const opened = await carried(back.pathname + back.search, [`Cookie: ${nonce}`])
  assert.deepEqual([opened.status, opened.headers['location']], [303, '/deep?x=1'])
  const cookie = /__Host-gatehouse-app=[^;]+/.exec(opened.headers['set-cookie'] ?? '')?.[0] ?? ''
  assert.equal((await ask(gate, forwarded({ uri: '/deep?x=1', lines: [`Cookie: ${cookie}`] }))).status, 200)
  assert.equal((await carried('/.gatehouse/sign-out', [page])).status, 200)
  const out = await carried(
    '/.gatehouse/sign-out',
    [`Cookie: ${cookie}`, `Origin: https://${host}:${gate.port}`],
    'POST',
  )
  assert.equal(out.status, 200)
  assert.equal((await ask(gate, forwarded({ lines: [`Cookie: ${cookie}`] }))).status, 401)
  for (const path of ['/', '/deep', '/.gatehouse/../deep', '/x/.gatehouse/callback']) {
    assert.equal((await carried(path, [`Cookie: ${cookie}`])).status, 404, path)
  }
  // asked about like a page of the app, it is none: no proxy hands it on
  await gate.addRoute({ name: 'open', host: 'open.localhost', upstreams: ['none:'], access: publicly })
  for (const uri of [
    '/.gatehouse/callback?code=x',
    '/.gatehouse',
    '/.Gatehouse/x',
    '/.gatehouse;x/y',
    '/.gatehouse%3Bx',
  ]) {
    for (const [name, say] of dialects) {
      const { status } = await ask(gate, say({ uri, host: 'open.localhost' }))
      assert.equal(status, name === 'nginx' ? 403 : 404, `${name} ${uri}`)
    }
  }
  assert.equal((await carried('/.gatehouse/sign-out', [], 'GET', 'other.localhost')).status, 421)
})

test("a browser's question about other origins is never a yes", async (t) => {
  const gate = await start(t)
  await gate.addRoute({
    name: 'shared',
    host,
    path: '/shared',
    upstreams: ['none:'],
    access: signedIn,
    response: { cors: { origins: ['https://other.example'] } },
  })
  const lines = ['Origin: https://other.example', 'Access-Control-Request-Method: POST']
  for (const [name, say] of dialects) {
    const answer = await ask(gate, say({ uri: '/shared', method: 'OPTIONS', lines }))
    assert.equal(answer.status, 401, name)
  }
})

test('what cannot be decided lets nothing through', async (t) => {
  const gate = await start(t)
  await gate.addAccount('ada')
  const session = await sessionOf(gate, 'ada')
  assert.equal((await ask(gate, forwarded({ lines: [session] }))).status, 200)
  t.mock.method(gate.identity, 'findActor', () => Promise.reject(new Error('the database is away')))
  for (const [name, say] of dialects) {
    const answer = await ask(gate, say({ lines: [session] }))
    assert.equal(answer.status, name === 'nginx' ? 403 : 503)
    assert.equal(answer.headers['remote-user'], undefined)
  }
})
