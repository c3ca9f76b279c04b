import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { TOTP } from 'otpauth'
import type { Actor } from '#kit'
import { databaseFile, eachDialect } from '#platform/testing'
import { disable, handshake, startSocketUpstream } from '../sockets/testing.ts'
import { type Answer, startGate, startUpstream, TestBrowser, type TestGate } from '../testing.ts'

const host = 'app.localhost'
const consoleHost = 'gatehouse.localhost'
const appCookie = '__Host-gatehouse-app'
const signedIn = { kind: 'signed-in' }
const system: Actor = { principal: { kind: 'system', id: 'system', name: 'test' } }

const codeOf = (answer: Answer): unknown => (JSON.parse(answer.body) as { readonly code: unknown }).code

async function addPolicy(gate: TestGate, name: string, text: string): Promise<void> {
  const made = await gate.admin('POST', '/api/v1/policies', {
    name,
    title: name,
    text,
    state: 'enforced',
    reason: 'test',
  })
  assert.equal(made.status, 201, made.body)
}

async function patch(gate: TestGate, change: object): Promise<Answer> {
  const answer = await gate.admin('PATCH', '/api/v1/routes/app', change)
  assert.equal(answer.status, 200, answer.body)
  return answer
}

function cookieOf(browser: TestBrowser, of = host, name = appCookie): string {
  return `${name}=${browser.jars.get(of)?.get(name) ?? ''}`
}

async function tokenOf(gate: TestGate, browser: TestBrowser, permissions: readonly string[] = ['*']): Promise<string> {
  const made = await gate.ask({
    host: consoleHost,
    method: 'POST',
    path: '/api/v1/tokens',
    headers: {
      cookie: cookieOf(browser, consoleHost, '__Host-gatehouse'),
      origin: `https://${consoleHost}:${gate.port}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ label: 'x', permissions, expiresAt: null }),
  })
  assert.equal(made.status, 201, made.body)
  return `Bearer ${(JSON.parse(made.body) as { readonly secret: string }).secret}`
}

/** Sets one up for whoever is signed in, and answers what makes its codes. */
async function addAuthenticatorApp(gate: TestGate, browser: TestBrowser): Promise<() => string> {
  const scan = await browser.open(consoleHost, '/account/credentials/new/totp', { label: 'Phone' })
  const secret = /<code>((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})<\/code>/.exec(scan.body)?.[1]?.replaceAll(' ', '') ?? ''
  const app = new TOTP({ secret, algorithm: 'SHA1', digits: 6, period: 30 })
  const code = () => app.generate({ timestamp: gate.clock.now() })
  const enrolment = /name="enrolment" value="([^"]*)"/.exec(scan.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const form = { label: 'Phone', enrolment, scope: 'all', lasts: 'never', code: code() }
  const made = await browser.open(consoleHost, '/account/credentials/new/totp/confirm', form)
  assert.equal(made.status, 200, made.body)
  gate.clock.advance(30_000)
  return code
}

async function journalOf(gate: TestGate): Promise<string> {
  await gate.kernel.journal.flush()
  return (await gate.admin('GET', '/api/v1/audit-records?limit=200')).body
}

test('a route by policy: what its policies permit, and neither a permission held nor another policy', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const when = 'when { principal in Gatehouse::Group::"crew" }'
  const use = 'principal, action == Gatehouse::Action::"routes:use", resource is Gateway::Route'
  await gate.admin('POST', '/api/v1/groups', { name: 'crew', title: 'Crew' })
  const access = { kind: 'policy', policies: ['crew-only'] }
  const early = await gate.admin('POST', '/api/v1/routes', { name: 'app', host, upstreams: [upstream.origin], access })
  assert.deepEqual([early.status, codeOf(early)], [422, 'gateway.policy-unknown'])
  await addPolicy(gate, 'crew-only', `permit (${use}) ${when};`.replace('in Gatehouse::Group::"crew"', '== principal'))
  await addPolicy(gate, 'others', `permit (${use}) when { resource.host == "${host}" };`)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access })
  await gate.addAccount('ada', ['administrator'])
  const browser = new TestBrowser(gate)
  assert.equal((await browser.openSigningIn(host, '/', 'ada')).body, 'hello')

  await patch(gate, { access: { kind: 'policy', policies: ['others'] } })
  assert.equal((await browser.open(host, '/')).body, 'hello')
  await gate.admin('PATCH', '/api/v1/policies/others', { state: 'off', reason: 'test' })
  const refused = await gate.ask({ host, headers: { cookie: cookieOf(browser) } })
  assert.deepEqual([refused.status, codeOf(refused)], [403, 'gateway.refused'])
  assert.match(refused.body, /Only the policy others can permit it/)
  const page = await browser.open(host, '/')
  assert.match(page.body, /No role or grant does/)
  assert.match(page.body, /\/why\?permission=routes%3Ause%3Aapp/)
  const why = await gate.ask({
    host: consoleHost,
    path: '/api/v1/why?permission=routes:use:app',
    headers: { cookie: cookieOf(browser, consoleHost, '__Host-gatehouse') },
  })
  assert.match(why.body, /"code":"not-named"/)
  assert.match(why.body, /"mayAsk":false/)
  assert.match(await journalOf(gate), /not-named/)
})

test('a route that asks for more: people are led to prove it and come back, programs are told in their words', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
  await gate.addAccount('ada', ['administrator'])
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(host, '/', 'ada')
  const authorization = await tokenOf(gate, browser)
  await patch(gate, { assurance: { factors: 2, phishingResistant: false } })

  const page = await browser.open(host, '/deep?x=1')
  assert.equal(page.status, 401)
  assert.match(page.body, /two independent factors/)
  const href = /href="([^"]*\/account\/prove[^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const prove = new URL(href)
  assert.deepEqual([prove.hostname, prove.searchParams.get('more')], [consoleHost, 'factors'])
  const form = await browser.open(consoleHost, prove.pathname + prove.search)
  assert.match(form.body, /nothing yet that would prove more/, 'the same password once more is no second factor')

  const api = await gate.ask({ host, headers: { authorization } })
  assert.deepEqual([api.status, codeOf(api)], [401, 'gateway.assurance-needed'])
  assert.match(String(api.headers['www-authenticate']), /^Bearer .*error="insufficient_user_authentication"/)

  const nextCode = await addAuthenticatorApp(gate, browser)
  const again = await browser.open(consoleHost, prove.pathname + prove.search)
  assert.match(again.body, /action="\/account\/prove\/totp"/)
  assert.doesNotMatch(again.body, /action="\/account\/prove\/password"/)
  const to = prove.searchParams.get('to') ?? ''
  const back = await browser.open(consoleHost, '/account/prove/totp', { code: nextCode(), to })
  assert.deepEqual([back.url, back.body], [`https://${host}:${gate.port}/deep?x=1`, 'hello'])

  await patch(gate, { assurance: { factors: 2, phishingResistant: true } })
  const surer = await browser.open(host, '/')
  assert.match(surer.body, /cannot be phished/)
  assert.match(surer.body, /more=phishing-resistant/)
  const why = await gate.ask({
    host: consoleHost,
    path: '/api/v1/why?permission=routes:use:app',
    headers: { cookie: cookieOf(browser, consoleHost, '__Host-gatehouse') },
  })
  assert.match(why.body, /gateway:phishing-resistant/)
  const publicly = await gate.admin('PATCH', '/api/v1/routes/app', { access: { kind: 'public', reason: 'a test' } })
  assert.deepEqual([publicly.status, codeOf(publicly)], [422, 'gateway.assurance-of-nobody'])
})

test('attack 16: the way back from proving more leads to the app’s own page and nowhere else', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const assurance = { factors: 2, phishingResistant: false }
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn, assurance })
  await gate.addAccount('ada')
  const browser = new TestBrowser(gate)
  // signing in leads through /gate, which refuses on the console's own page and offers the same way
  const refused = await browser.openSigningIn(host, '/', 'ada')
  assert.equal(new URL(refused.url).hostname, consoleHost)
  assert.match(refused.body, /href="\/account\/prove\?/)
  for (const to of ['//evil.example', 'https://evil.example', '/\\evil.example', '/.//evil.example']) {
    const query = new URLSearchParams({ to, more: 'nonsense' })
    const answer = await browser.visit(consoleHost, `/account/prove?${query}`)
    assert.equal(answer.headers.location ?? '/', '/', to)
  }
})

/** A gate behind a proxy: whatever comes says where from. `5.9.0.0/16` is in Germany. */
async function regionalGate(t: TestContext): Promise<TestGate> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-regions-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'own.mmdb')
  writeFileSync(file, databaseFile(4, [['5.9.0.0/16', { country: { iso_code: 'DE' } }]]))
  return startGate(t, {
    environment: { GATEHOUSE_LISTEN_TRUSTED_PROXIES: '127.0.0.1', GATEHOUSE_REGIONS_DATABASE: file },
  })
}

test('a route limited to regions answers nobody else, sign-in included, and an unknown region is in none', async (t) => {
  const gate = await regionalGate(t)
  const upstream = await startUpstream(t)
  const access = { kind: 'public', reason: 'a test of regions' }
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access, regions: ['DE', 'AT'] })
  const from = (address: string) => gate.ask({ host, headers: { 'x-forwarded-for': address, accept: 'text/html' } })
  assert.equal((await from('5.9.0.7')).status, 200)
  for (const address of ['8.8.4.4', '10.0.0.1', '2001:db8::1']) {
    const refused = await from(address)
    assert.equal(refused.status, 403, address)
    assert.equal(refused.headers['set-cookie'], undefined)
    assert.match(refused.body, /gateway\.region-refused/)
  }
  await patch(gate, { access: signedIn })
  assert.equal((await from('8.8.4.4')).status, 403)
  assert.equal((await from('5.9.0.7')).status, 303)
  assert.match(await journalOf(gate), /route-region/)
  const why = await gate.admin('GET', '/api/v1/why?permission=routes:use:app')
  assert.match(why.body, /route-region/)
  for (const bad of ['de', 'XX', 'Germany', '']) {
    assert.equal((await gate.admin('PATCH', '/api/v1/routes/app', { regions: [bad] })).status, 400, bad)
  }
})

eachDialect((_dialect, open) => {
  test('shadow mode lets through what the rule refuses, as nobody unless somebody was proven, and notes it', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const upstream = await startUpstream(t)
    await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
    await gate.addAccount('ada')
    const browser = new TestBrowser(gate)
    await browser.openSigningIn(host, '/', 'ada')
    const cookie = cookieOf(browser)
    await patch(gate, { access: { kind: 'permission', permission: 'routes:use:app' }, mode: 'shadow' })

    for (const headers of [{}, { accept: 'text/html', 'sec-fetch-mode': 'navigate' }]) {
      assert.equal((await gate.ask({ host, headers })).status, 200)
      assert.equal(upstream.seen.at(-1)?.headers['remote-user'], undefined)
    }
    assert.equal((await gate.ask({ host, headers: { cookie } })).status, 200)
    assert.equal(upstream.seen.at(-1)?.headers['remote-user'], 'ada')
    const foreign = { cookie, origin: 'https://evil.example' }
    assert.equal((await gate.ask({ host, method: 'POST', headers: foreign })).status, 200)
    assert.equal(
      upstream.seen.at(-1)?.headers['remote-user'],
      undefined,
      'what a page of another site sends is nobody’s',
    )
    for (const place of [{ networks: ['10.0.0.0/8'] }, { regions: ['DE'] }]) {
      await patch(gate, place)
      assert.equal((await gate.ask({ host, headers: { cookie } })).status, 200)
    }
    assert.equal(upstream.seen.at(-1)?.headers['remote-user'], 'ada')

    for (let again = 0; again < 20; again += 1) await gate.ask({ host })
    const journal = JSON.parse(await journalOf(gate)) as {
      readonly items: readonly {
        readonly outcome: string
        readonly action: string
        readonly count: number
        readonly detail: { readonly shadow?: boolean; readonly code?: string } | null
      }[]
    }
    const shadowed = journal.items.filter(({ detail }) => detail?.shadow === true)
    const codes = new Set(shadowed.map(({ detail }) => detail?.code ?? ''))
    assert.deepEqual(
      [...codes].toSorted((a, b) => a.localeCompare(b)),
      ['not-held', 'route-network', 'route-origin', 'route-region', 'sign-in-required'],
    )
    assert.ok(shadowed.every(({ outcome, action }) => outcome === 'done' && action === 'routes:use:app'))
    assert.ok(shadowed.length <= 2 * (codes.size + 2), `${shadowed.length} records`)
    assert.ok(shadowed.reduce((sum, { count }) => sum + count, 0) >= 20)
    assert.doesNotMatch(JSON.stringify(journal.items.filter(({ outcome }) => outcome === 'refused')), /routes:use:app/)
    const metrics = await gate.kernel.metrics.text()
    assert.match(metrics, /gatehouse_gateway_let_through_total\{code="sign-in-required"\} 2\d/)
  })
})

test('shadow mode tells no app of a disabled account, and closes what it had open', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
  const id = await gate.addAccount('ada')
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(host, '/', 'ada')
  const cookie = cookieOf(browser)
  await patch(gate, { access: { kind: 'permission', permission: 'routes:use:app' }, mode: 'shadow' })
  const { closed, status } = await handshake(t, gate, { cookie, origin: `https://${host}:${gate.port}` })
  assert.equal(status, 101)
  assert.equal(upstream.handshakes.at(-1)?.headers['remote-user'], 'ada')
  await disable(gate, id)
  gate.clock.advance(2_000)
  assert.equal((await closed())[0], 1008)
  assert.equal((await gate.ask({ host, headers: { cookie } })).status, 200)
  assert.equal(upstream.seen.at(-1)?.headers['remote-user'], undefined)
})

test('shadow mode never lets through what is no question of the rule', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({
    name: 'app',
    host,
    upstreams: [upstream.origin],
    path: '/app',
    methods: ['GET', 'POST'],
    mode: 'shadow',
  })
  const cases: [path: string, method: string, headers: Record<string, string>, status: number][] = [
    ['/app/%2e%2e/x', 'GET', {}, 400],
    ['/App', 'GET', {}, 400],
    ['/other', 'GET', {}, 404],
    ['/app', 'DELETE', {}, 405],
    ['/app', 'GET', { authorization: 'Bearer gat_nonsense' }, 401],
    ['/app', 'TRACE', {}, 501],
  ]
  for (const [path, method, headers, status] of cases) {
    assert.equal((await gate.ask({ host, path, method, headers })).status, status, `${method} ${path}`)
  }
  const smuggled = await gate.raw(
    host,
    `POST /app HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  )
  assert.match(smuggled, /^HTTP\/1\.1 400/)
  assert.match(await gate.raw(host, `GET /app HTTP/1.1\r\nHost: other.localhost\r\n\r\n`), /^HTTP\/1\.1 421/)
  assert.equal(upstream.seen.length, 0)
})

test('a socket of a route in shadow mode stays open when its rule would close it', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], mode: 'shadow' })
  const { socket, status } = await handshake(t, gate, {})
  assert.equal(status, 101)
  const heard = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())))
  await gate.kernel.context(system).tx(async ({ db }) => (await import('#platform')).touch(db, 'access'))
  gate.clock.advance(2_000)
  socket.send('still there')
  assert.equal(await heard, 'still there')
})

test('a program’s app: never a redirect, never a page, always problem+json with what to do', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], onRefusal: 'api' })
  const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
  const stranger = await gate.ask({ host, headers })
  assert.deepEqual([stranger.status, codeOf(stranger)], [401, 'gateway.sign-in-required'])
  assert.match(String(stranger.headers['content-type']), /^application\/problem\+json/)
  assert.equal(stranger.headers['www-authenticate'], 'Bearer realm="Gatehouse"')
  await gate.addAccount('bob')
  await gate.addRoute({ name: 'other', host: 'other.localhost', upstreams: [upstream.origin], access: signedIn })
  const browser = new TestBrowser(gate)
  await browser.openSigningIn('other.localhost', '/', 'bob')
  const authorization = await tokenOf(gate, browser)
  const refused = await gate.ask({ host, headers: { ...headers, authorization } })
  assert.deepEqual([refused.status, codeOf(refused)], [403, 'gateway.refused'])
  assert.match(refused.body, /"reasonCode":"not-held"/)
  assert.match(refused.body, /\/why\?/)
})

eachDialect((_dialect, open) => {
  test('a secret header reaches the app, and nobody who reads the route', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const upstream = await startUpstream(t)
    const access = { kind: 'public', reason: 'a test of secrets' }
    await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access })
    const path = '/api/v1/routes/app/secret-headers'
    const put = (header: string, value: string) => gate.admin('PUT', `${path}/${header}`, { value })
    const made = await put('Authorization', 'Bearer for-the-app')
    assert.equal(made.status, 200, made.body)
    assert.doesNotMatch(made.body, /for-the-app/)
    await gate.ask({ host, headers: { authorization: 'Basic bWU6bWU=' } })
    assert.equal(upstream.seen.at(-1)?.headers.authorization, 'Bearer for-the-app')
    await put('Authorization', 'Bearer another')
    await gate.ask({ host })
    assert.equal(upstream.seen.at(-1)?.headers.authorization, 'Bearer another')
    for (const [header, value] of [
      ['Host', 'x'],
      ['X-Forwarded-For', 'x'],
      ['Connection', 'x'],
      ['X-Ok', 'a\r\nb'],
      ['X-Ok', ''],
    ] as const) {
      assert.equal((await put(header, value)).status, 400, header)
    }
    const everything = [
      (await gate.admin('GET', path)).body,
      (await gate.admin('GET', '/api/v1/routes/app')).body,
      await journalOf(gate),
      JSON.stringify(gate.log.entries),
    ].join('\n')
    assert.match(everything, /"name":"authorization"/)
    assert.match(everything, /routes\.set-secret-header/)
    assert.doesNotMatch(everything, /for-the-app|Bearer another/)
    assert.equal((await gate.admin('DELETE', `${path}/authorization`)).status, 204)
    assert.equal((await gate.admin('DELETE', `${path}/authorization`)).status, 404)
    await gate.ask({ host })
    assert.equal(upstream.seen.at(-1)?.headers.authorization, undefined)
  })
})

test('what an app is told: its own names, fixed values, another prefix, and nothing of the client’s under them', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({
    name: 'app',
    host,
    path: '/app',
    upstreams: [upstream.origin],
    access: signedIn,
    request: {
      identityHeaders: { 'X-WEBAUTH-USER': '{handle}', 'X-WEBAUTH-GROUPS': '{groups}' },
      assertion: false,
      setHeaders: { 'X-Tenant': 'acme' },
      removeHeaders: ['Accept-Language', 'Cookie'],
      rewritePrefix: '/',
    },
  })
  await gate.addAccount('ada')
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(host, '/app/x', 'ada')
  const headers = {
    cookie: `${cookieOf(browser)}; theme=dark`,
    'accept-language': 'de',
    x_webauth_user: 'root',
    'X-Webauth-User': 'root',
    'x.tenant': 'evil',
    connection: 'x-webauth-user, x-tenant',
  }
  assert.equal((await gate.ask({ host, path: '/app/page?q=/app', headers })).status, 200)
  const seen = upstream.seen.at(-1)
  assert.equal(seen?.url, '/page?q=/app')
  assert.equal(seen.headers['x-webauth-user'], 'ada')
  assert.equal(seen.headers['x-tenant'], 'acme')
  assert.equal(seen.headers['x-forwarded-prefix'], '/app')
  for (const name of [
    'remote-user',
    'x-gatehouse-assertion',
    'accept-language',
    'cookie',
    'x_webauth_user',
    'x.tenant',
  ]) {
    assert.equal(seen.headers[name], undefined, name)
  }
  const ambiguous = await gate.ask({ host, path: '/app;v=1', headers })
  assert.deepEqual([ambiguous.status, codeOf(ambiguous)], [400, 'gateway.target-ambiguous'])
})

test('attack 7: what an app was told of one sign-in it is not told of another one of the same person', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const identityHeaders = { 'X-Session': '{session}', 'X-Credential': '{credential}' }
  await gate.addRoute({
    name: 'app',
    host,
    upstreams: [upstream.origin],
    access: signedIn,
    request: { identityHeaders },
  })
  await gate.addAccount('ada')
  const browsers = [new TestBrowser(gate), new TestBrowser(gate)]
  for (const browser of browsers) await browser.openSigningIn(host, '/', 'ada')
  const [first] = browsers
  assert.ok(first)
  const ways = [
    ...browsers.map((browser) => ({ cookie: cookieOf(browser) })),
    { authorization: await tokenOf(gate, first) },
  ]
  const told = async (headers: Readonly<Record<string, string>>) => {
    assert.equal((await gate.ask({ host, headers })).status, 200)
    const seen = upstream.seen.at(-1)?.headers
    return `${String(seen?.['x-session'])} ${String(seen?.['x-credential'])}`
  }
  const once: string[] = []
  for (const headers of ways) once.push(await told(headers))
  assert.equal(new Set(once).size, ways.length, once.join(' | '))
  for (const [at, headers] of ways.entries()) assert.equal(await told(headers), once[at])
})

test('a token that does not reach as far is told so, and one whose person may not either is not', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin] })
  const role = { name: 'users', title: 'Users', permissions: ['routes:use:app', 'tokens:create'] }
  assert.equal((await gate.admin('POST', '/api/v1/roles', role)).status, 201)
  await gate.addAccount('ada', ['users'])
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(consoleHost, '/account/security', 'ada')
  const challenge = async (permissions: readonly string[]) => {
    const authorization = await tokenOf(gate, browser, permissions)
    const { status, headers } = await gate.ask({ host, headers: { authorization } })
    return [status, headers['www-authenticate']]
  }
  assert.deepEqual(await challenge(['routes:use:app']), [200, undefined])
  const narrow = 'Bearer realm="Gatehouse", error="insufficient_scope"'
  assert.deepEqual(await challenge(['tokens:create']), [403, narrow])
  const changed = await gate.admin('PATCH', '/api/v1/roles/users', { permissions: ['tokens:create'] })
  assert.equal(changed.status, 200, changed.body)
  assert.deepEqual(await challenge(['*']), [403, undefined])
})
