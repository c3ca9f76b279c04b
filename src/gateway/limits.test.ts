import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { databaseFile } from '#platform/testing'
import { handshake, host, say, signedIn, startSocketUpstream } from './sockets/testing.ts'
import { type Asked, startGate, TestBrowser } from './testing.ts'

const consoleHost = 'gatehouse.localhost'
const german = '5.9.0.7'
const elsewhere = '8.8.4.4'

/** A gate behind a proxy: whatever comes says where from. The country of `german` is in a database of one's own. */
async function proxiedGate(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-regions-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'own.mmdb')
  writeFileSync(file, databaseFile(4, [['5.9.0.0/16', { country: { iso_code: 'DE' } }]]))
  const gate = await startGate(t, {
    environment: { GATEHOUSE_LISTEN_TRUSTED_PROXIES: '127.0.0.1', GATEHOUSE_REGIONS_DATABASE: file },
  })
  // what stands left of it a client could have sent
  const saying = (address: string) => ({ 'x-forwarded-for': `10.9.9.9, ${address}` })
  const from = (address: string) => ({
    ...gate,
    ask: (asked: Asked) => gate.ask({ ...asked, headers: { ...asked.headers, ...saying(address) } }),
  })
  /** A token with limits, made by a person who comes from `german`. */
  const tokenOf = async (handle: string, limits: Readonly<Record<string, unknown>>) => {
    const browser = new TestBrowser(from(german))
    await browser.openSigningIn(host, '/', handle)
    const cookie = `__Host-gatehouse=${browser.jars.get(consoleHost)?.get('__Host-gatehouse') ?? ''}`
    const made = await from(german).ask({
      host: consoleHost,
      method: 'POST',
      path: '/api/v1/tokens',
      headers: { cookie, origin: `https://${consoleHost}:${gate.port}`, 'content-type': 'application/json' },
      body: JSON.stringify({ label: 'x', permissions: ['*'], expiresAt: null, ...limits }),
    })
    assert.equal(made.status, 201, made.body)
    return { authorization: `Bearer ${(JSON.parse(made.body) as { readonly secret: string }).secret}` }
  }
  return { gate, from, saying, tokenOf }
}

test('regions hold on every use: app host, WebSocket, API and event stream', async (t) => {
  const { gate, from, saying, tokenOf } = await proxiedGate(t)
  const upstream = await startSocketUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
  await gate.addAccount('sam', ['administrator'])
  const token = await tokenOf('sam', { regions: ['DE'] })
  const inside = await from(german).ask({ host, headers: token })
  assert.equal(inside.status, 200, inside.body)
  assert.equal((await from(elsewhere).ask({ host, headers: token })).status, 403)
  for (const path of ['/api/v1/me', '/api/v1/audit-records/events']) {
    const away = await from(elsewhere).ask({ host: consoleHost, path, headers: token })
    assert.equal(away.status, 403, path)
    assert.match(away.body, /credential-region/)
  }
  assert.equal((await from(german).ask({ host: consoleHost, path: '/api/v1/me', headers: token })).status, 200)
  assert.equal((await handshake(t, gate, { ...token, ...saying(elsewhere) })).status, 403)
  const { status, socket } = await handshake(t, gate, { ...token, ...saying(german) })
  assert.equal(status, 101)
  assert.equal(await say(socket, 'still here'), 'still here')
})

test('an open WebSocket ends when the network it came from is no longer one of its credential’s', async (t) => {
  const { gate, saying, tokenOf } = await proxiedGate(t)
  const upstream = await startSocketUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
  await gate.addAccount('sam', ['administrator'])
  const home = { name: 'home', title: 'Home', cidrs: ['5.9.0.0/16'] }
  assert.equal((await gate.admin('POST', '/api/v1/networks', home)).status, 201)
  const token = await tokenOf('sam', { networks: { allow: ['@home'], deny: [] } })
  const { status, socket, closed } = await handshake(t, gate, { ...token, ...saying(german) })
  assert.equal(status, 101)
  assert.equal(await say(socket, 'in'), 'in')
  const moved = await gate.admin('PATCH', '/api/v1/networks/home', { cidrs: ['192.0.2.0/24'] })
  assert.equal(moved.status, 200, moved.body)
  const [code] = await closed()
  assert.equal(code, 1008)
  assert.equal((await handshake(t, gate, { ...token, ...saying(german) })).status, 403)
})

test('attack 3: apps are told the address that was judged, and nothing a client wrote', async (t) => {
  const { gate, from } = await proxiedGate(t)
  const upstream = await startSocketUpstream(t)
  await gate.addRoute({
    name: 'app',
    host,
    upstreams: [upstream.origin],
    access: { kind: 'public', reason: 'a test of limits' },
  })
  const headers = { forwarded: 'for=10.0.0.1', 'x-real-ip': '10.0.0.1', 'x-client-ip': '10.0.0.1' }
  const answer = await from(german).ask({ host, path: '/seen', headers })
  assert.equal(answer.status, 200)
  const seen = upstream.seen.find(({ url }) => url === '/seen')
  assert.equal(seen?.headers['x-forwarded-for'], german)
  assert.ok(!JSON.stringify(seen?.rawHeaders).includes('10.'), JSON.stringify(seen?.rawHeaders))
})

test('attack 4: without an address that can be read an app’s route is not reached', async (t) => {
  const { gate } = await proxiedGate(t)
  const upstream = await startSocketUpstream(t)
  const networks = ['127.0.0.0/8']
  await gate.addRoute({
    name: 'app',
    host,
    upstreams: [upstream.origin],
    networks,
    access: { kind: 'public', reason: 'a test of limits' },
  })
  for (const headers of [{}, { 'x-forwarded-for': 'unknown' }, { 'x-forwarded-for': '127.0.0.1, unknown' }]) {
    const answer = await gate.ask({ host, headers })
    assert.equal(answer.status, 400, answer.body)
  }
  assert.equal((await gate.ask({ host, headers: { 'x-forwarded-for': german } })).status, 403)
  assert.equal(upstream.seen.length, 0)
})

test('a route limited to a named network answers nothing from outside it, whatever is asked and whoever asks', async (t) => {
  const { gate, from, saying, tokenOf } = await proxiedGate(t)
  const upstream = await startSocketUpstream(t)
  const home = { name: 'home', title: 'Home', cidrs: ['5.9.0.0/16'] }
  assert.equal((await gate.admin('POST', '/api/v1/networks', home)).status, 201)
  const origin = 'https://shop.example.org'
  const route = { host, upstreams: [upstream.origin], networks: ['@home'], access: signedIn }
  const cors = {
    origins: [origin],
    methods: ['GET'],
    headers: [],
    exposeHeaders: [],
    credentials: false,
    maxAgeSeconds: 60,
  }
  await gate.addRoute({ ...route, name: 'app', response: { cors } })
  await gate.addRoute({
    ...route,
    name: 'read',
    path: '/read',
    methods: ['GET'],
    access: { kind: 'public', reason: 'a test' },
  })
  await gate.addAccount('sam', ['administrator'])
  const token = await tokenOf('sam', {})
  const browser = new TestBrowser(from(german))
  assert.equal((await browser.openSigningIn(host, '/', 'sam')).status, 200)
  const cookie = `__Host-gatehouse-app=${browser.jars.get(host)?.get('__Host-gatehouse-app') ?? ''}`
  const navigation = { host, headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } }
  const asked: readonly Asked[] = [
    navigation,
    { host, headers: token },
    { host, headers: { cookie } },
    { host, method: 'POST', headers: { ...token, 'content-type': 'text/plain' }, body: 'x' },
    { host, method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } },
    { host, path: '/read' },
    { host, path: '/read', method: 'DELETE' },
  ]
  const inside = await Promise.all(asked.map(async (one) => (await from(german).ask(one)).status))
  assert.deepEqual(inside, [303, 200, 200, 200, 204, 200, 405])
  const reached = upstream.seen.length
  const outside = async (): Promise<void> => {
    for (const one of asked) {
      const answer = await from(elsewhere).ask(one)
      assert.equal(answer.status, 403, JSON.stringify(one))
      const told = [answer.headers['set-cookie'], answer.headers['location'], answer.headers['allow']]
      assert.deepEqual(told, [undefined, undefined, undefined], JSON.stringify(one))
      assert.match(answer.body, /gateway\.network-refused/)
    }
    assert.equal((await handshake(t, gate, { ...token, ...saying(elsewhere) })).status, 403)
    assert.equal(upstream.seen.length, reached)
  }
  await outside()
  // who was led to sign in within it gets no code to come back with from outside
  const led = new URL((await from(german).ask(navigation)).headers.location ?? '')
  const roaming = await new TestBrowser(from(elsewhere)).openSigningIn(consoleHost, led.pathname + led.search, 'sam')
  assert.deepEqual([roaming.status, new URL(roaming.url).pathname], [403, '/gate'])
  assert.match(roaming.body, /network/)
  const { status } = await handshake(t, gate, { ...token, ...saying(german) })
  assert.equal(status, 101)

  const moved = await gate.admin('PATCH', '/api/v1/networks/home', { cidrs: ['8.8.4.0/24'] })
  assert.equal(moved.status, 200, moved.body)
  assert.equal((await from(german).ask({ host, headers: token })).status, 403)
  assert.equal((await from(elsewhere).ask({ host, headers: token })).status, 200)
})
