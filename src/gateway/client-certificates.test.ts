import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { WebSocket } from 'ws'
import type { Actor } from '#kit'
import { revoke } from '#pki/testing'
import { eachDialect, fakeClock, type Place, programMissing, testCertificate } from '#platform/testing'
import { echo, startSocketUpstream, until } from './sockets/testing.ts'
import { openHttp2, startGate, startUpstream, type TestGate } from './testing.ts'

const host = 'things.localhost'
const route = { name: 'things', host, authenticators: ['token', 'session', 'certificate'] }
const system: Actor = { principal: { kind: 'system', id: 'system', name: 'test' } }

interface Issued {
  readonly id: string
  readonly key: string
  readonly cert: string
}

/** A certificate with a key made for it, as an operator orders it. */
async function issue(gate: TestGate, order: Readonly<Record<string, unknown>>): Promise<Issued> {
  const made = await gate.admin('POST', '/api/v1/certificates', { newKey: true, ...order })
  assert.equal(made.status, 201, made.body)
  const { id, chain, privateKey } = JSON.parse(made.body) as { id: string; chain: string; privateKey: string }
  return { id, key: privateKey, cert: chain }
}

async function revokeNow(gate: TestGate, id: string): Promise<void> {
  await revoke(gate.kernel.context(system), id, 'keyCompromise')
}

/** Lets a device or service use the route. */
async function permit(gate: TestGate, holder: string): Promise<void> {
  await gate.kernel.context(system).tx(async (ctx) => {
    await gate.access.assignRole(ctx, holder, 'administrator')
  })
}

async function holderOf(gate: TestGate, { id }: Issued): Promise<string> {
  const { holderId } = JSON.parse((await gate.admin('GET', `/api/v1/certificates/${id}`)).body) as { holderId: string }
  return holderId
}

/** Options of a request, those of its TLS connection among them. */
type Client = RequestOptions & { readonly body?: string }

interface Got {
  readonly status: number
  readonly body: string
}

function get(gate: TestGate, options: Client, asked: object = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest({
      host: '127.0.0.1',
      port: gate.port,
      servername: host,
      headers: { host: `${host}:${gate.port}` },
      rejectUnauthorized: false,
      agent: false,
      ...asked,
      ...options,
    })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
    })
    request.end(options.body)
  })
}

const codeOf = ({ body }: Got): unknown => (JSON.parse(body) as { readonly code: unknown }).code

eachDialect((_dialect, open) => {
  test('accounts, devices and services reach an app by certificate, as whom it says they are', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const upstream = await startUpstream(t)
    await gate.addRoute({ ...route, upstreams: [upstream.origin] })
    await gate.addAccount('ada', ['administrator'])
    const person = await issue(gate, { profile: 'person', account: 'ada' })
    assert.equal((await get(gate, person)).body, 'hello')
    const seen = upstream.seen.at(-1)?.headers
    assert.equal(seen?.['remote-user'], 'ada')
    assert.ok(seen?.['x-gatehouse-assertion'] !== undefined)
    for (const [profile, name, user] of [
      ['device', 'ada', 'device/ada'],
      ['service', 'billing', 'service/billing'],
    ] as const) {
      const made = await issue(gate, { profile, [profile]: name })
      // known, and allowed nothing until somebody lets it
      const refused = await get(gate, made)
      assert.equal(refused.status, 403, refused.body)
      await permit(gate, await holderOf(gate, made))
      assert.equal((await get(gate, made)).status, 200)
      assert.equal(upstream.seen.at(-1)?.headers['remote-user'], user)
    }
    assert.equal((await get(gate, {})).status, 401)
    assert.equal(upstream.seen.length, 3)
  })

  test('shadow mode lets no certificate through that is revoked', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const upstream = await startUpstream(t)
    await gate.addRoute({ ...route, upstreams: [upstream.origin], mode: 'shadow' })
    const made = await issue(gate, { profile: 'service', service: 'billing' })
    assert.equal((await get(gate, made)).status, 200, 'what the rule would refuse')
    await revokeNow(gate, made.id)
    const refused = await get(gate, made)
    assert.deepEqual([refused.status, codeOf(refused)], [401, 'gateway.certificate-refused'])
    assert.equal(upstream.seen.length, 1)
  })

  test('attack: a revoked certificate is refused on the open connection, on a resumed session and on HTTP/2', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const upstream = await startUpstream(t)
    await gate.addRoute({ ...route, upstreams: [upstream.origin] })
    await gate.addAccount('ada', ['administrator'])
    const { id, key, cert } = await issue(gate, { profile: 'person', account: 'ada' })
    const agent = new Agent({ keepAlive: true, maxSockets: 1, key, cert })
    t.after(() => agent.destroy())
    const kept = () => get(gate, { agent })
    assert.equal((await kept()).status, 200)
    const session = openHttp2(t, gate, host, { key, cert })
    assert.equal(await statusOf(session, gate), 200)
    const ticket = await ticketOf(gate, { key, cert })

    await revokeNow(gate, id)
    const refused = await kept()
    assert.equal(refused.status, 401)
    assert.equal(codeOf(refused), 'gateway.certificate-refused')
    assert.match(refused.body, /revoked/)
    assert.equal(await statusOf(session, gate), 401)
    const resumed = connect(gate, { session: ticket })
    await once(resumed, 'secureConnect')
    assert.ok(resumed.isSessionReused())
    resumed.write(`GET / HTTP/1.1\r\nHost: ${host}:${gate.port}\r\nConnection: close\r\n\r\n`)
    const [answer] = (await once(resumed, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 401 /)
    assert.equal(upstream.seen.length, 3)
    await gate.kernel.journal.flush()
    const journal = await gate.admin('GET', '/api/v1/audit-records?limit=100')
    assert.match(journal.body, new RegExp(`was revoked \\(${id}\\)`))
  })

  test('attack: a WebSocket opened by a certificate is closed within a second of its revocation', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const upstream = await startSocketUpstream(t, echo)
    await gate.addRoute({ ...route, upstreams: [upstream.origin] })
    await gate.addAccount('ada', ['administrator'])
    const { id, key, cert } = await issue(gate, { profile: 'person', account: 'ada' })
    const socket = openSocket(t, gate, { key, cert })
    await once(socket, 'open')
    const foreign = openSocket(t, gate, { key, cert, origin: 'https://evil.example' })
    const [error] = (await once(foreign, 'error')) as [Error]
    assert.match(error.message, /403/)
    socket.send('hello')
    await once(socket, 'message')
    await closesWithinSecond(t, gate, socket, () => revokeNow(gate, id))
  })
})

eachDialect((dialect, open) => {
  // a SQLite file belongs to one node
  if (dialect === 'sqlite') return
  test('attack: a certificate revoked on one node is refused on the other within a second, WebSockets too', async (t) => {
    let shared: Promise<Place> | undefined
    const place = (context: TestContext) => (shared ??= open.place(context))
    const clock = fakeClock()
    const first = await startGate(t, { place, clock })
    const upstream = await startSocketUpstream(t, echo)
    await first.addRoute({ ...route, upstreams: [upstream.origin] })
    await first.addAccount('ada', ['administrator'])
    const { id, key, cert } = await issue(first, { profile: 'person', account: 'ada' })
    const second = await startGate(t, { place, clock, sealOf: first })
    try {
      const agent = new Agent({ keepAlive: true, maxSockets: 1, key, cert })
      t.after(() => agent.destroy())
      assert.equal((await get(second, { agent })).status, 200)
      const socket = openSocket(t, second, { key, cert })
      await once(socket, 'open')
      await closesWithinSecond(t, second, socket, () => revokeNow(first, id))
      assert.equal((await get(second, { agent })).status, 401)
    } finally {
      // before the storage both stand on goes
      await second.stop()
    }
  })
})

test('a bearer token comes before a session, a session before a certificate; a bad token is refused beside a good certificate', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ ...route, upstreams: [upstream.origin], access: { kind: 'signed-in' } })
  await gate.addAccount('ada')
  const { key, cert } = await issue(gate, { profile: 'person', account: 'ada' })
  const headers = { host: `${host}:${gate.port}` }
  const bad = await get(gate, { key, cert, headers: { ...headers, authorization: 'Bearer gat_nothing' } })
  assert.equal(codeOf(bad), 'gateway.token-refused')
  // a session that ended is nobody's, so the certificate speaks
  const ended = { ...headers, cookie: '__Host-gatehouse-app=ended' }
  assert.equal((await get(gate, { key, cert, headers: ended })).status, 200)
})

test('attack: certificates that are not ours, of servers, not yet or no longer valid, or of somebody disabled prove nothing', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ ...route, upstreams: [upstream.origin], access: { kind: 'signed-in' } })
  const account = await gate.addAccount('ada')
  const ours = await issue(gate, { profile: 'person', account: 'ada', days: 1 })
  const server = await issue(gate, { profile: 'server', names: ['x.gatehouse.localhost'] })
  assert.equal((await get(gate, ours)).status, 200)
  const said: string[] = []
  for (const options of [testCertificate('ada'), server]) {
    const refused = await get(gate, options)
    assert.equal(codeOf(refused), 'gateway.certificate-refused')
    said.push((JSON.parse(refused.body) as { readonly detail: string }).detail)
  }
  assert.match(said[0] ?? '', /not one that Gatehouse issued/)
  assert.match(said[1] ?? '', /not for a client/)
  const disabled = await gate.kernel
    .context(system)
    .tx((ctx) => gate.access.setPrincipalState(ctx, account, 'disabled'))
  assert.equal(disabled, undefined)
  assert.equal((await get(gate, ours)).status, 403)
  await gate.kernel.context(system).tx((ctx) => gate.access.setPrincipalState(ctx, account, 'active'))
  assert.equal((await get(gate, ours)).status, 200)
  gate.clock.advance(2 * 86_400_000)
  assert.match((await get(gate, ours)).body, /has ended/)
})

test('attack: proxy-forwarded client-certificate header spoofing', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const access = { kind: 'public', reason: 'a test of headers' }
  await gate.addRoute({ name: 'open', host: 'open.localhost', upstreams: [upstream.origin], access })
  const names = [
    'X-Forwarded-Client-Cert',
    'X_Forwarded_Client_Cert',
    'Client-Cert',
    'Client-Cert-Chain',
    'client_cert',
    'X-Client-Cert',
    'X-Client-Certificate',
    'X-Client-Verify',
    'X-Client-DN',
    'X-SSL-Client-Cert',
    'X-SSL-Client-Verify',
    'X-SSL-Client-S-DN',
    'SSL-Client-Cert',
    'SSL_CLIENT_VERIFY',
    'Ssl-Client-Subject-Dn',
    'X-ARR-ClientCert',
    'X-Amzn-Mtls-Clientcert',
    'X-TLS-Client-Subject',
    'CF-Client-Cert-SHA256',
    'X-Forwarded-Tls-Client-Cert',
    'X-Forwarded-Tls-Client-Cert-Info',
  ]
  for (const name of names) await gate.ask({ host: 'open.localhost', headers: { [name]: 'planted' } })
  assert.equal(upstream.seen.length, names.length)
  for (const { rawHeaders } of upstream.seen) assert.ok(!rawHeaders.includes('planted'), rawHeaders.join(' '))
})

test("attack: a page of another site cannot use a browser's certificate to change anything", async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ ...route, upstreams: [upstream.origin], access: { kind: 'signed-in' } })
  await gate.addAccount('ada')
  const { key, cert } = await issue(gate, { profile: 'person', account: 'ada' })
  const post = (more: Readonly<Record<string, string>>) =>
    get(gate, { key, cert, method: 'POST', headers: { host: `${host}:${gate.port}`, ...more } })
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
  ]) {
    assert.equal(codeOf(await post(headers)), 'gateway.certificate-origin')
  }
  assert.equal(upstream.seen.length, 0)
  for (const headers of [{}, { origin: `https://${host}:${gate.port}`, 'sec-fetch-site': 'same-origin' }]) {
    assert.equal((await post(headers)).status, 200)
  }
})

test('a route that does not ask knows no certificate, beside one on the same host that does', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const access = { kind: 'signed-in' }
  await gate.addRoute({ ...route, upstreams: [upstream.origin], access })
  await gate.addRoute({ name: 'plain', host, path: '/plain', upstreams: [upstream.origin], access })
  await gate.addAccount('ada')
  const made = await issue(gate, { profile: 'person', account: 'ada' })
  assert.equal((await get(gate, made)).status, 200)
  assert.equal((await get(gate, made, { path: '/plain' })).status, 401)
  const changed = await gate.admin('PATCH', '/api/v1/routes/plain', {
    authenticators: ['certificate', 'anonymous'],
  })
  assert.equal(changed.status, 200, changed.body)
  assert.equal((await get(gate, made, { path: '/plain' })).status, 200)
})

test('the host for certificates belongs to Gatehouse', async (t) => {
  const gate = await startGate(t)
  const wanted = { name: 'mine', host: 'certificate.gatehouse.localhost', upstreams: ['http://127.0.0.1:1'] }
  const refused = await gate.admin('POST', '/api/v1/routes', wanted)
  assert.equal(codeOf(refused), 'gateway.host-reserved')
})

test('the API is used by certificate at its own host, by devices and services too', async (t) => {
  const gate = await startGate(t)
  await gate.addAccount('ada', ['administrator'])
  const person = await issue(gate, { profile: 'person', account: 'ada' })
  const device = await issue(gate, { profile: 'device', device: 'wm-42' })
  const certificateHost = 'certificate.gatehouse.localhost'
  const call = (options: Client, more: Readonly<Record<string, unknown>> = {}, headers: object = {}) =>
    get(gate, {
      servername: certificateHost,
      path: '/api/v1/accounts',
      headers: { host: `${certificateHost}:${gate.port}`, ...headers },
      ...options,
      ...more,
    })
  assert.equal((await call(person)).status, 200)
  assert.equal((await call(device)).status, 403)
  assert.equal((await call({})).status, 401)
  // no pages, and no certificate at the console's own host
  assert.equal((await call(person, { path: '/' })).status, 404)
  const console = { servername: 'gatehouse.localhost', headers: { host: `gatehouse.localhost:${gate.port}` } }
  assert.equal((await get(gate, { ...person, path: '/api/v1/accounts', ...console })).status, 401)
  // what a program changes, a page of another site cannot
  const change = { method: 'POST', path: '/api/v1/roles' }
  assert.notEqual((await call(person, change)).status, 403)
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { cookie: 'a=b' }]) {
    assert.equal(codeOf(await call(person, change, headers)), 'platform.cross-origin')
  }
  await revokeNow(gate, person.id)
  const refused = await call(person)
  assert.equal(refused.status, 401)
  assert.equal(codeOf(refused), 'pki.certificate-revoked')
  assert.equal(codeOf(await call(testCertificate('ada'))), 'pki.certificate-foreign')
  await gate.kernel.journal.flush()
  assert.match((await gate.admin('GET', '/api/v1/audit-records?limit=100')).body, /pki\.certificate-revoked/)
})

test('EST renews the certificate that is shown, and none that was revoked', {
  skip: programMissing('openssl', 'openssl', 'version'),
}, async (t) => {
  const gate = await startGate(t)
  const made = await issue(gate, { profile: 'device', device: 'wm-42' })
  const command =
    'req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=wm-42 -outform DER'
  const request = execFileSync('openssl', command.split(' '), { stdio: ['ignore', 'pipe', 'ignore'] }).toString(
    'base64',
  )
  const certificateHost = 'certificate.gatehouse.localhost'
  const renew = (options: Client) =>
    get(gate, {
      servername: certificateHost,
      method: 'POST',
      path: '/.well-known/est/simplereenroll',
      headers: { host: `${certificateHost}:${gate.port}`, 'content-type': 'application/pkcs10' },
      body: request,
      ...options,
    })
  assert.equal((await renew({})).status, 401)
  const renewed = await renew(made)
  assert.equal(renewed.status, 200, renewed.body)
  await revokeNow(gate, made.id)
  const refused = await renew(made)
  assert.equal(refused.status, 403)
  assert.match(refused.body, /revoked/)
})

function connect(gate: TestGate, options: ConnectionOptions): TLSSocket {
  const common = { host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false }
  const socket = connectTls({ ...common, ...options })
  socket.on('error', () => undefined)
  return socket
}

async function ticketOf(gate: TestGate, options: ConnectionOptions): Promise<Buffer> {
  const socket = connect(gate, options)
  const ticket = once(socket, 'session') as Promise<[Buffer]>
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}:${gate.port}\r\nConnection: close\r\n\r\n`)
  socket.resume()
  const [session] = await ticket
  await once(socket, 'close')
  return session
}

async function statusOf(session: ReturnType<typeof openHttp2>, gate: TestGate): Promise<number> {
  const stream = session.request({ ':path': '/', ':authority': `${host}:${gate.port}` })
  const [headers] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>]
  stream.resume()
  return Number(headers[':status'])
}

function openSocket(
  t: TestContext,
  gate: TestGate,
  { key, cert, origin }: { key: string; cert: string; origin?: string },
) {
  const socket = new WebSocket(`wss://${host}:${gate.port}/socket`, {
    rejectUnauthorized: false,
    key,
    cert,
    ...(origin === undefined ? {} : { origin }),
    lookup: (_name: string, options: object, done: (...answer: unknown[]) => void) =>
      'all' in options && options.all === true
        ? done(null, [{ address: '127.0.0.1', family: 4 }])
        : done(null, '127.0.0.1', 4),
  } as WebSocket.ClientOptions)
  socket.on('error', () => undefined)
  t.after(() => socket.terminate())
  return socket
}

/** The gate closes the socket within a second of its clock; the machine, which may be slow, has ten times that. */
async function closesWithinSecond(
  t: TestContext,
  gate: TestGate,
  socket: WebSocket,
  revoked: () => Promise<void>,
): Promise<void> {
  // a socket just opened is judged whatever else is quiet, which must not be what closes it
  const judged = t.mock.method(gate.access, 'decide')
  gate.clock.advance(1_000)
  await until(() => judged.mock.callCount() > 0)
  judged.mock.restore()
  let closed: readonly [code: number, reason: string] | undefined
  socket.once('close', (code, reason) => {
    closed = [code, reason.toString()]
  })
  await revoked()
  const steps = 10
  for (let step = 0; step < 10 * steps && closed === undefined; step++) {
    if (step < steps) gate.clock.advance(1_000 / steps)
    await pause(100)
  }
  assert.deepEqual(closed, [1008, 'the certificate is no longer accepted'])
}
