import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openHttp2, startGate, TestBrowser, type TestGate } from '../testing.ts'
import { askWire, question as asWritten } from './testing.ts'

const host = 'app.localhost'
const askedAt = 'forward-auth.gatehouse.localhost'

async function start(t: TestContext, environment: Readonly<Record<string, string>>): Promise<TestGate> {
  const gate = await startGate(t, { environment })
  await gate.addRoute({ name: 'app', host, upstreams: ['none:'], access: { kind: 'signed-in' } })
  const office = { kind: 'public', reason: 'a test of networks' }
  await gate.addRoute({
    name: 'office',
    host,
    path: '/office',
    upstreams: ['none:'],
    access: office,
    networks: ['10.1.0.0/16'],
  })
  await gate.addAccount('ada')
  return gate
}

function question(path = '/', from = '192.0.2.7'): Readonly<Record<string, string>> {
  return {
    'x-forwarded-method': 'GET',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': host,
    'x-forwarded-uri': path,
    'x-forwarded-for': from,
  }
}

const path = '/forward-auth/forwarded'
const ask = (gate: TestGate, headers: Readonly<Record<string, string>>, at = askedAt) =>
  gate.ask({ host: at, path, headers })

test('a proxy asks over TLS, also one that is trusted to speak for its clients, and one outside the console networks', async (t) => {
  for (const more of [{}, { GATEHOUSE_LISTEN_TRUSTED_PROXIES: '127.0.0.1' }]) {
    const gate = await start(t, { GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '127.0.0.1', ...more })
    const stranger = await ask(gate, question())
    assert.equal(stranger.status, 401)
    assert.match(stranger.body, /gateway\.sign-in-required/)
    // the client's address is what the proxy says of it, for the question alone
    assert.equal((await ask(gate, question('/office/x', '10.1.2.3'))).status, 200)
    assert.equal((await ask(gate, question('/office/x', '10.2.2.3'))).status, 403)
    const unclear = await ask(gate, { ...question(), 'x-forwarded-for': 'unknown' })
    assert.equal(unclear.status, 400)
  }
  const inside = {
    GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '127.0.0.1',
    GATEHOUSE_CONSOLE_NETWORKS: '192.0.2.0/24',
  }
  const gate = await start(t, inside)
  assert.equal((await ask(gate, question('/office/x', '10.1.2.3'))).status, 200)
})

test('a person who signed in passes with identity headers', async (t) => {
  const gate = await start(t, { GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '127.0.0.1' })
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(host, '/', 'ada')
  const cookie = `__Host-gatehouse-app=${browser.jars.get(host)?.get('__Host-gatehouse-app') ?? ''}`
  const answer = await ask(gate, { ...question(), cookie })
  assert.equal(answer.status, 200, answer.body)
  assert.equal(answer.headers['remote-user'], 'ada')
})

test("a question in Envoy's words names the app's own host, and so does Gatehouse's part of it", async (t) => {
  const gate = await start(t, {
    GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '127.0.0.1',
    GATEHOUSE_LISTEN_TRUSTED_PROXIES: '127.0.0.1',
  })
  const about = (from: string) => ['X-Forwarded-Proto: https', `X-Forwarded-For: ${from}`]
  for (const [target, from, status] of [
    ['/forward-auth/envoy/office/x', '10.1.2.3', 200],
    ['/forward-auth/envoy/office/x', '10.2.2.3', 403],
    ['/forward-auth/own/.gatehouse/nothing', '10.1.2.3', 404],
  ] as const) {
    const answer = await gate.raw(askedAt, asWritten(target, about(from), 'GET', host))
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), target)
  }
  // what is no question stays none, whatever host it names
  const other = await gate.raw(askedAt, asWritten('/office/x', about('10.1.2.3'), 'GET', host))
  assert.match(other, /^HTTP\/1\.1 400 [\s\S]*gateway\.forward-auth-question/)
})

test('attack 4: no host that a proxy carries answers a question, whoever sends it through', async (t) => {
  const gate = await start(t, {
    GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '127.0.0.1',
    GATEHOUSE_LISTEN_TRUSTED_PROXIES: '127.0.0.1',
  })
  for (const at of ['gatehouse.localhost', 'localhost', 'certificate.gatehouse.localhost', host]) {
    const answer = await ask(gate, question('/office/x', '10.1.2.3'), at)
    assert.ok(answer.status >= 400, `${at}: ${answer.status}`)
    assert.doesNotMatch(answer.body, /forward-auth/)
  }
  // the name in the handshake is the proxy's own choice, never the client's: the two must agree
  const other = await gate.raw(host, `GET ${path} HTTP/1.1\r\nHost: ${askedAt}\r\nConnection: close\r\n\r\n`)
  assert.match(other, /^HTTP\/1\.1 421 /)
})

test('whoever is no proxy is refused whatever it says, and where there is none the host does not exist', async (t) => {
  const elsewhere = {
    GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '192.0.2.1',
    GATEHOUSE_LISTEN_TRUSTED_PROXIES: '127.0.0.1',
  }
  const gate = await start(t, elsewhere)
  const answer = await ask(gate, question('/office/x', '192.0.2.1'))
  assert.equal(answer.status, 403)
  assert.match(answer.body, /gateway\.forward-auth-proxy/)
  assert.ok(gate.log.entries.some(({ message }) => message.startsWith('asked who may pass')))
  const none = await start(t, {})
  await assert.rejects(ask(none, question()), /handshake failure/)
})

test('no route is made there; HTTP/2, sockets and other paths find nothing; plain HTTP leads nobody there', async (t) => {
  const gate = await start(t, { GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '127.0.0.1' })
  const access = { kind: 'public', reason: 'a test' }
  const made = await gate.admin('POST', '/api/v1/routes', { name: 'x', host: askedAt, upstreams: ['none:'], access })
  assert.match(made.body, /gateway\.host-reserved/)
  assert.equal((await gate.ask({ host: askedAt, path: '/' })).status, 400)
  const stream = openHttp2(t, gate, askedAt).request({ ':path': path, ...question('/office/x', '10.1.2.3') })
  const status = await new Promise((resolve) => stream.on('response', (headers) => resolve(headers[':status'])))
  assert.equal(status, 400)
  const upgrade = `GET ${path} HTTP/1.1\r\nHost: ${askedAt}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
  assert.doesNotMatch(await gate.raw(askedAt, upgrade), /^HTTP\/1\.1 [12]/)
  const plain = await askWire(gate.kernel.listener.httpPort, asWritten('/', [], 'GET', askedAt))
  assert.deepEqual([plain.status, plain.headers['location']], [421, undefined])
})
