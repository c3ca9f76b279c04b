import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { Agent, WebSocket as BrowserSocket } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import { listUses } from '#platform'
import { eachDialect, type Place } from '#platform/testing'
import { openHttp2, startGate, startUpstream, TestBrowser, type TestGate, type TestUpstream } from '../testing.ts'

const host = 'app.localhost'
const appCookie = '__Host-gatehouse-app'
const signedIn = { kind: 'signed-in' }
const open = { kind: 'public', reason: 'a test of WebSockets' }

interface SocketUpstream extends TestUpstream {
  readonly sockets: WebSocketServer
  readonly handshakes: IncomingMessage[]
}

/** An app as apps are: it says back what it hears, unless told otherwise. */
async function startSocketUpstream(
  t: TestContext,
  met: (socket: WebSocket, request: IncomingMessage) => void = echo,
): Promise<SocketUpstream> {
  const upstream = await startUpstream(t, ({ url }, response) => {
    response.setHeader('content-type', url === '/events' ? 'Text/Event-Stream; charset=utf-8' : 'text/plain')
    response.end('data: hello\n\n')
  })
  const handshakes: IncomingMessage[] = []
  const sockets = new WebSocketServer({ server: upstream.server, maxPayload: 16 * 1024 * 1024 })
  sockets.on('connection', (socket, request) => {
    handshakes.push(request)
    socket.on('error', () => undefined)
    met(socket, request)
  })
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate()
  })
  return { ...upstream, sockets, handshakes }
}

function echo(socket: WebSocket): void {
  socket.on('message', (data, binary) => socket.send(data, { binary }))
}

interface Opened {
  readonly socket: WebSocket
  /** Resolves with code and reason. */
  readonly closed: Promise<readonly [number, string]>
}

function connect(
  t: TestContext,
  gate: Pick<TestGate, 'port'>,
  headers: Readonly<Record<string, string>>,
  protocols: string[] = [],
): Opened {
  const socket = new WebSocket(`wss://${host}:${gate.port}/socket`, protocols, {
    rejectUnauthorized: false,
    headers: { ...headers },
    lookup: (_name: string, options: object, done: (...answer: unknown[]) => void) =>
      'all' in options && options.all === true
        ? done(null, [{ address: '127.0.0.1', family: 4 }])
        : done(null, '127.0.0.1', 4),
  } as WebSocket.ClientOptions)
  socket.on('error', () => undefined)
  t.after(() => socket.terminate())
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.once('close', (code, reason) => resolve([code, reason.toString()]))
  })
  return { socket, closed }
}

/** Opens, or answers with the status it was refused with. */
async function handshake(...args: Parameters<typeof connect>): Promise<Opened & { readonly status: number }> {
  const opened = connect(...args)
  const status = await new Promise<number>((resolve) => {
    opened.socket.once('open', () => resolve(101))
    opened.socket.once('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0)
      request.destroy()
    })
    opened.socket.once('close', () => resolve(0))
  })
  return { ...opened, status }
}

async function say(socket: WebSocket, text: string): Promise<string> {
  const heard = once(socket, 'message')
  socket.send(text)
  const [data] = (await heard) as [Buffer]
  return data.toString()
}

async function signIn(gate: TestGate, handle: string): Promise<Readonly<Record<string, string>>> {
  const browser = new TestBrowser(gate)
  assert.equal((await browser.openSigningIn(host, '/', handle)).status, 200)
  const cookie = `${appCookie}=${browser.jars.get(host)?.get(appCookie) ?? assert.fail('no cookie')}`
  return { cookie, origin: originOf(gate) }
}

function originOf({ port }: Pick<TestGate, 'port'>): string {
  return `https://${host}:${port}`
}

/** As a person does in the console. */
async function createToken(gate: TestGate, handle: string): Promise<{ readonly id: string; readonly secret: string }> {
  const consoleHost = 'gatehouse.localhost'
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(host, '/', handle)
  const cookie = `__Host-gatehouse=${browser.jars.get(consoleHost)?.get('__Host-gatehouse') ?? ''}`
  const made = await gate.ask({
    host: consoleHost,
    method: 'POST',
    path: '/api/v1/tokens',
    headers: { cookie, origin: `https://${consoleHost}:${gate.port}`, 'content-type': 'application/json' },
    body: JSON.stringify({ label: 'socket', permissions: ['routes:use'], expiresAt: null }),
  })
  assert.equal(made.status, 201, made.body)
  const { token, secret } = JSON.parse(made.body) as {
    readonly token: { readonly id: string }
    readonly secret: string
  }
  return { id: token.id, secret }
}

async function addRoute(gate: TestGate, upstream: string, access: object = signedIn, more: object = {}): Promise<void> {
  await gate.addRoute({ name: 'app', host, upstream, access, ...more })
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

function rawHandshake(extra = '', path = '/socket'): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extra}\r\n`
  )
}

eachDialect((dialect, openDatabase) => {
  test('a person works over a WebSocket: known to the app, journalled, closed within a second of the end of the session', async (t) => {
    const gate = await startGate(t, { place: (context) => openDatabase.place(context) })
    const upstream = await startSocketUpstream(t)
    await addRoute(gate, upstream.origin, { kind: 'permission', permission: 'routes:use:app' })
    await gate.addAccount('alice', ['administrator'])
    const { cookie = '', origin = '' } = await signIn(gate, 'alice')
    // the client that browsers' own tests are run against: strict about handshake and frames
    const dispatcher = new Agent({
      connect: {
        rejectUnauthorized: false,
        lookup: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
      },
    })
    const socket = new BrowserSocket(`wss://${host}:${gate.port}/socket?x=%2F`, {
      protocols: ['chat.v2', 'chat.v1'],
      dispatcher,
      headers: { cookie: `theme=dark; ${cookie}`, origin, 'remote-user': 'mallory' },
    })
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
    })
    await new Promise((resolve) => socket.addEventListener('open', resolve))
    assert.equal(socket.protocol, 'chat.v2')
    const heard = async (): Promise<unknown> =>
      new Promise((resolve) => socket.addEventListener('message', ({ data }) => resolve(data), { once: true }))
    const first = heard()
    socket.send('hello')
    assert.equal(await first, 'hello')
    const large = 'x'.repeat(1_048_576)
    const second = heard()
    socket.send(large)
    assert.equal(await second, large)

    const [seen] = upstream.handshakes
    assert.equal(seen?.url, '/socket?x=%2F')
    assert.equal(seen?.headers.cookie, 'theme=dark')
    assert.equal(seen?.headers['remote-user'], 'alice')
    assert.equal(seen?.headers['x-forwarded-host'], `${host}:${gate.port}`)
    assert.match(String(seen?.headers['x-gatehouse-assertion']), /^ey[\w-]+\.[\w-]+\.[\w-]+$/)
    assert.equal(seen?.headers.origin, origin)

    const actor = await gate.identity.findSession(cookie.slice(appCookie.length + 1), host, '127.0.0.1')
    const sessionId = actor?.session?.id
    if (actor === undefined || sessionId === undefined) return assert.fail('no session')
    await gate.kernel.context(actor).tx((ctx) => gate.identity.endSession(ctx, sessionId))
    assert.deepEqual(await closed, { code: 1008, reason: 'the session ended' })
    await until(() => upstream.sockets.clients.size === 0)
    await gate.kernel.journal.flush()
    const [use] = await listUses(gate.kernel.database.db, { principalId: actor.principal.id }, { limit: 1 })
    assert.equal(use?.permission, 'routes:use:app')
    await dispatcher.close()
  })

  // a SQLite file belongs to one node
  if (dialect === 'sqlite') return
  test('attack 27: what one node revokes closes the WebSockets of another', async (t) => {
    let shared: Promise<Place> | undefined
    const place = (context: TestContext) => (shared ??= openDatabase.place(context))
    const first = await startGate(t, { place })
    const upstream = await startSocketUpstream(t)
    await addRoute(first, upstream.origin)
    const account = await first.addAccount('alice')
    const headers = await signIn(first, 'alice')
    const second = await startGate(t, { place, sealOf: first })
    try {
      const there = { ...headers, origin: originOf(second) }
      const { socket, closed, status } = await handshake(t, second, there)
      assert.equal(status, 101)
      assert.equal(await say(socket, 'one'), 'one')
      const system = { principal: { kind: 'system', id: 'system', name: 'test' } } as const
      await first.kernel.context(system).tx((ctx) => first.access.setPrincipalState(ctx, account, 'disabled'))
      // epochs of another node are believed for a second: the fake clock lets no time pass by itself
      second.clock.advance(1_001)
      assert.deepEqual(await closed, [1008, 'no longer permitted'])
    } finally {
      await second.stop()
    }
  })
})

test("attack 35: a page of another site cannot use a person's session for a WebSocket", async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin)
  await gate.addAccount('alice')
  const { cookie = '' } = await signIn(gate, 'alice')
  const foreign = [
    'https://evil.example',
    'null',
    `https://other.localhost:${gate.port}`,
    `http://${host}:${gate.port}`,
  ]
  for (const origin of [...foreign, `https://${host}`, `${originOf(gate)}/`, originOf(gate).toUpperCase(), '']) {
    const { status } = await handshake(t, gate, origin === '' ? { cookie } : { cookie, origin })
    assert.equal(status, 403, origin)
  }
  assert.equal(upstream.handshakes.length, 0)
  await gate.kernel.journal.flush()
  const journal = await gate.admin('GET', '/api/v1/audit-records?outcome=refused')
  assert.match(journal.body, /route-origin/)
  assert.equal((await handshake(t, gate, { cookie, origin: originOf(gate) })).status, 101)
})

test('on a public app a page of another site comes as nobody', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin, open)
  await gate.addRoute({ name: 'door', host: 'door.localhost', upstream: upstream.origin, access: signedIn })
  assert.equal((await handshake(t, gate, { origin: 'https://evil.example' })).status, 101)
  await gate.addAccount('alice')
  const browser = new TestBrowser(gate)
  await browser.openSigningIn('door.localhost', '/', 'alice')
  const cookie = `${appCookie}=${browser.jars.get('door.localhost')?.get(appCookie) ?? ''}; own=1`
  assert.equal((await handshake(t, gate, { cookie, origin: 'https://evil.example' })).status, 101)
  for (const { headers } of upstream.handshakes) assert.equal(headers['remote-user'], undefined)
  assert.equal(upstream.handshakes.at(-1)?.headers.cookie, 'own=1')
})

test('programs come with an API token and without Origin; a bad token is no stranger', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin)
  await gate.addAccount('alice', ['administrator'])
  const token = await createToken(gate, 'alice')
  const { socket, status, closed } = await handshake(t, gate, { authorization: `Bearer ${token.secret}` })
  assert.equal(status, 101)
  assert.equal(await say(socket, 'x'), 'x')
  assert.equal(upstream.handshakes[0]?.headers.authorization, undefined)
  assert.equal((await handshake(t, gate, { authorization: `Bearer ${token.secret}x` })).status, 401)
  assert.equal((await gate.admin('DELETE', `/api/v1/tokens/${token.id}`)).status, 204)
  assert.deepEqual(await closed, [1008, 'the session ended'])
})

test('strangers are refused like on any request, and never led to sign-in', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin, signedIn)
  await gate.addRoute({
    name: 'lan',
    host: 'lan.localhost',
    upstream: upstream.origin,
    access: open,
    networks: ['192.0.2.0/24'],
  })
  const stranger = await gate.raw(host, rawHandshake('Accept: text/html\r\n'))
  assert.match(stranger, /^HTTP\/1\.1 401 /)
  assert.match(stranger, /connection: close/i)
  const outside = await gate.raw('lan.localhost', rawHandshake().replace(`Host: ${host}`, 'Host: lan.localhost'))
  assert.match(outside, /^HTTP\/1\.1 403 [\s\S]*gateway\.network-refused/)
  assert.match(await gate.raw(host, rawHandshake('', '/.gatehouse/callback?code=x')), /^HTTP\/1\.1 404 /)
  assert.match(await gate.raw(host, rawHandshake('', '/a/../socket')), /^HTTP\/1\.1 400 [\s\S]*target-ambiguous/)
  assert.equal(upstream.handshakes.length, 0)
})

test('a WebSocket is closed when its route changes, when its right does, and when nothing passes', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(
    gate,
    upstream.origin,
    { kind: 'permission', permission: 'routes:use:app' },
    { timeouts: { socketIdleMs: 60_000 } },
  )
  await gate.addRoute({ name: 'other', host: 'other.localhost', upstream: upstream.origin, access: open })
  const account = await gate.addAccount('alice', ['administrator'])
  const headers = await signIn(gate, 'alice')

  const byRoute = await handshake(t, gate, headers)
  const elsewhere = await gate.admin(
    'PATCH',
    '/api/v1/routes/other',
    { networks: ['127.0.0.0/8'] },
    { 'if-match': '*' },
  )
  assert.equal(elsewhere.status, 200, elsewhere.body)
  assert.equal(await say(byRoute.socket, 'still here'), 'still here')
  assert.equal((await gate.admin('PATCH', '/api/v1/routes/app', { networks: ['127.0.0.0/8'] })).status, 200)
  assert.deepEqual(await byRoute.closed, [1012, 'the route changed'])

  const silent = await handshake(t, gate, headers)
  gate.clock.advance(59_000)
  assert.equal(await say(silent.socket, 'not yet'), 'not yet')
  // the look that follows this takes the message for a sign of life, the one after the minute does not
  await new Promise((resolve) => setTimeout(resolve, 500))
  gate.clock.advance(61_000)
  assert.deepEqual(await silent.closed, [1001, 'nothing was sent for too long'])

  const byRight = await handshake(t, gate, headers)
  await gate.addAccount('root', ['administrator'])
  await disable(gate, account)
  assert.deepEqual(await byRight.closed, [1008, 'no longer permitted'])
  await gate.kernel.journal.flush()
  const journal = await gate.admin('GET', `/api/v1/audit-records?outcome=refused&actor=${account}`)
  assert.match(journal.body, /routes:use:app/)
})

async function disable(gate: TestGate, account: string): Promise<void> {
  const system = { principal: { kind: 'system', id: 'system', name: 'test' } } as const
  await gate.kernel.context(system).tx((ctx) => gate.access.setPrincipalState(ctx, account, 'disabled'))
}

test('an open WebSocket does not keep a session from idling; messages do', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin, signedIn, { timeouts: { socketIdleMs: 86_400_000 } })
  await gate.addAccount('alice')
  const { socket, closed } = await handshake(t, gate, await signIn(gate, 'alice'))
  for (let day = 0; day < 40; day += 1) {
    gate.clock.advance(43_200_000)
    socket.ping()
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 250))])
    if (socket.readyState !== WebSocket.OPEN) break
  }
  assert.deepEqual(await closed, [1008, 'the session ended'])
})

test('a stop says that it goes away, and does not wait', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin, open)
  const { closed, status } = await handshake(t, gate, {})
  assert.equal(status, 101)
  await gate.stop()
  assert.deepEqual(await closed, [1001, 'Gatehouse is restarting'])
})

test('a Close of ours is never put into the middle of a frame', async (t) => {
  const gate = await startGate(t)
  const half = await startRawUpstream(t, (socket) =>
    socket.write(Buffer.concat([Buffer.from([0x82, 100]), Buffer.alloc(40, 1)])),
  )
  await addRoute(gate, half, open)
  const answer = gate.raw(host, rawHandshake())
  await until(() => accepted.has(half))
  await gate.admin('DELETE', '/api/v1/routes/app')
  const text = await answer
  assert.match(text, /^HTTP\/1\.1 101 /)
  const frames = text.slice(text.indexOf('\r\n\r\n') + 4)
  assert.equal(frames.length, 42)
})

const accepted = new Map<string, number>()

/** An app that takes any handshake with the right answer, and then does what the test says with the bare connection. */
async function startRawUpstream(
  t: TestContext,
  then: (socket: Duplex, head: Buffer) => void,
  answer = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
): Promise<string> {
  const upstream = await startUpstream(t)
  upstream.server.on('upgrade', (_request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
    socket.write(answer)
    accepted.set(upstream.origin, (accepted.get(upstream.origin) ?? 0) + 1)
    then(socket, head)
  })
  return upstream.origin
}

test('attack 10: only a 101 that accepts this very handshake opens a tunnel', async (t) => {
  const gate = await startGate(t)
  const right = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n'
  const wrong = [
    right.replace('s3pP', 'S3pP'),
    'Upgrade: websocket\r\nConnection: Upgrade\r\n',
    right.replace('websocket', 'h2c'),
  ]
  for (const [at, fields] of wrong.entries()) {
    let heard = ''
    const upstream = await startRawUpstream(
      t,
      (socket) => socket.on('data', (chunk: Buffer) => (heard += chunk.toString())),
      `HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`,
    )
    const name = `h${at}.localhost`
    await gate.addRoute({ name: `h${at}`, host: name, upstream, access: open })
    const bytes = rawHandshake().replace(`Host: ${host}`, `Host: ${name}`)
    const answer = await gate.raw(name, `${bytes}GET /admin HTTP/1.1\r\nHost: ${name}\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 502 [\s\S]*gateway\.upstream-garbage/, fields)
    assert.equal(heard, '', fields)
  }
})

test('attack 10: a 101 that nobody asked for opens nothing', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t, (_, response) => {
    response.socket?.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nsecret',
    )
  })
  await addRoute(gate, upstream.origin, open)
  for (const extra of ['', 'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n']) {
    const answer = await gate.raw(
      host,
      `GET / HTTP/1.1\r\nHost: ${host}\r\n${extra}\r\nGET /admin HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    )
    assert.match(answer, /^HTTP\/1\.1 502 /, extra)
    assert.doesNotMatch(answer, /101|secret/)
  }
})

test('attack 10: what an app refuses is answered as it says, and what came behind the handshake reaches nobody', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t, (_, response) => {
    response
      .writeHead(426, { 'content-type': 'text/plain', 'set-cookie': '__Host-gatehouse-app=planted' })
      .end('not here')
  })
  upstream.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upstream.seen.push({
      method: 'UPGRADE',
      url: request.url ?? '',
      rawHeaders: [],
      headers: request.headers,
      body: head.toString(),
    })
    socket.on('data', (chunk: Buffer) =>
      upstream.seen.push({ method: 'BYTES', url: '', rawHeaders: [], headers: {}, body: chunk.toString() }),
    )
    socket.write(
      'HTTP/1.1 426 Upgrade Required\r\nSet-Cookie: __Host-gatehouse-app=planted\r\nContent-Length: 8\r\n\r\nnot here',
    )
  })
  await addRoute(gate, upstream.origin, open)
  const answer = await gate.raw(host, `${rawHandshake()}GET /admin HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  assert.match(answer, /^HTTP\/1\.1 426 [\s\S]*not here$/)
  assert.match(answer, /connection: close/i)
  assert.doesNotMatch(answer, /planted/)
  assert.deepEqual(
    upstream.seen.map(({ method, body }) => method + body),
    ['UPGRADE'],
  )
})

test('attack 10: handshakes that are none are refused before anybody is asked', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin, open)
  const cases: readonly (readonly [string, RegExp])[] = [
    [`${rawHandshake('Content-Length: 5\r\n')}hello`, /^HTTP\/1\.1 400 [\s\S]*a body beside an upgrade/],
    [`${rawHandshake('Transfer-Encoding: chunked\r\n')}0\r\n\r\n`, /^HTTP\/1\.1 400 [\s\S]*a body beside an upgrade/],
    [rawHandshake('Content-Length: 0\r\n'), /^HTTP\/1\.1 400 /],
    [rawHandshake().replace('GET', 'POST'), /^HTTP\/1\.1 400 [\s\S]*an upgrade by POST/],
    [rawHandshake().replace('HTTP/1.1', 'HTTP/1.0'), /^HTTP\/1\.1 400 /],
    [rawHandshake().replace('Version: 13', 'Version: 8'), /^HTTP\/1\.1 426 [\s\S]*sec-websocket-version: 13/i],
    [rawHandshake().replace('Key: dGhl', 'Key: '), /^HTTP\/1\.1 400 [\s\S]*Sec-WebSocket-Key/],
    [rawHandshake('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'), /^HTTP\/1\.1 400 /],
    [rawHandshake('Host: b\r\n'), /^HTTP\/1\.1 400 /],
    [rawHandshake().replace('Upgrade: websocket', 'Upgrade: websocket, h2c'), /^HTTP\/1\.1 501 /],
    [rawHandshake().replace('Connection: Upgrade', 'Connection: keep-alive'), /^HTTP\/1\.1 501 /],
  ]
  for (const [bytes, expected] of cases) assert.match(await gate.raw(host, bytes), expected, bytes)
  assert.equal(upstream.handshakes.length + upstream.seen.length, 0)
})

test('an app that dies takes its clients along; one that says goodbye is heard', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t, (socket, { url }) => {
    socket.on('message', () => (url?.endsWith('die') === true ? socket.terminate() : socket.close(4001, 'enough')))
  })
  await addRoute(gate, upstream.origin, open)
  const polite = await handshake(t, gate, {})
  polite.socket.send('x')
  assert.deepEqual(await polite.closed, [4001, 'enough'])
  for (const client of upstream.sockets.clients) client.terminate()
  const other = await handshake(t, gate, {})
  for (const client of upstream.sockets.clients) client.terminate()
  assert.equal((await other.closed)[0], 1006)
  const refused = await startGate(t)
  await addRoute(refused, 'http://127.0.0.1:1', open)
  assert.equal((await handshake(t, refused, {})).status, 502)
})

test('a client that leaves is told to the app', async (t) => {
  const gate = await startGate(t)
  const left: number[] = []
  const upstream = await startSocketUpstream(t, (socket) => socket.on('close', (code) => left.push(code)))
  await addRoute(gate, upstream.origin, open)
  const polite = await handshake(t, gate, {})
  polite.socket.close(4002)
  await until(() => left.length === 1)
  const rude = await handshake(t, gate, {})
  rude.socket.terminate()
  await until(() => left.length === 2)
  assert.deepEqual(left, [4002, 1006])
})

test('attack 11: a client that reads nothing is waited for with bounded memory, and loses nothing', async (t) => {
  const gate = await startGate(t)
  const total = 32 * 1024 * 1024
  const piece = Buffer.alloc(65_536, 7)
  let written = 0
  let sink: Duplex | undefined
  const origin = await startRawUpstream(t, (socket) => {
    sink = socket
    const more = (): void => {
      while (written < total) {
        written += piece.length
        if (!socket.write(Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]), piece]))) return
      }
    }
    socket.on('drain', more)
    more()
  })
  await addRoute(gate, origin, open)
  const { socket, status } = await handshakeWithKey(t, gate)
  assert.equal(status, 101)
  let before = -1
  while (before !== written) {
    before = written
    for (let turn = 0; turn < 300; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(written < total, `${written} of ${total} bytes were taken for a client that reads nothing`)
  let read = 0
  socket.on('data', (chunk: Buffer) => {
    read += chunk.length
  })
  await until(() => read >= (total / piece.length) * (piece.length + 10))
  sink?.destroy()
})

/** A handshake by hand, paused behind its answer. */
async function handshakeWithKey(t: TestContext, gate: TestGate) {
  const { connect: connectTls } = await import('node:tls')
  const socket = connectTls({
    host: '127.0.0.1',
    port: gate.port,
    servername: host,
    rejectUnauthorized: false,
  })
  t.after(() => socket.destroy())
  socket.on('error', () => undefined)
  socket.write(rawHandshake())
  await once(socket, 'readable')
  const head = String(socket.read(12))
  const status = Number(head.slice(9, 12))
  let text = head
  while (!text.endsWith('\r\n\r\n')) {
    const next = socket.read(1) as Buffer | null
    if (next === null) await once(socket, 'readable')
    else text += next.toString('latin1')
  }
  return { socket, status }
}

test('a half-closed connection: what was said before the end arrives, both ways', async (t) => {
  const gate = await startGate(t)
  let heard = ''
  const origin = await startRawUpstream(t, (socket) => {
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
    })
    socket.on('end', () => socket.end('last words'))
  })
  await addRoute(gate, origin, open)
  const { socket } = await handshakeWithKey(t, gate)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  socket.end('my last words')
  await once(socket, 'close')
  assert.equal(heard, 'my last words')
  assert.equal(text, 'last words')
})

test('attack 11: a session has a bounded number of WebSockets, and gets its places back', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin)
  await gate.addAccount('alice')
  const headers = await signIn(gate, 'alice')
  const opened = await Promise.all(Array.from({ length: 128 }, () => handshake(t, gate, headers)))
  assert.ok(opened.every(({ status }) => status === 101))
  assert.equal((await handshake(t, gate, headers)).status, 503)
  const events = await gate.ask({ host, path: '/events', headers })
  assert.equal(events.status, 503)
  assert.match(events.body, /gateway\.too-many-sockets/)
  assert.equal((await gate.ask({ host, headers })).status, 200)
  assert.match((await gate.kernel.metrics.text()) ?? '', /gatehouse_gateway_sockets 128/)
  opened[0]?.socket.close()
  await opened[0]?.closed
  await until(() => upstream.sockets.clients.size === 127)
  assert.equal((await handshake(t, gate, headers)).status, 101)
})

test('over HTTP/2 no WebSocket is offered, and who asks for one all the same gets none (RFC 8441)', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin, open)
  const session = openHttp2(t, gate, host)
  await once(session, 'remoteSettings')
  assert.notEqual(session.remoteSettings.enableConnectProtocol, true)
  const asked = ['connect' as const, 'upgrade' as const].map(async (how) => {
    const headers =
      how === 'connect'
        ? { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':authority': host, ':path': '/socket' }
        : { ':method': 'GET', ':path': '/socket', ':authority': host, 'sec-websocket-version': '13' }
    return new Promise<number>((resolve) => {
      try {
        const stream = session.request(headers)
        stream.on('response', ({ ':status': status }) => resolve(Number(status)))
        stream.on('error', () => resolve(0))
        stream.on('close', () => resolve(0))
      } catch {
        resolve(0)
      }
    })
  })
  const [byConnect, plain] = await Promise.all(asked)
  assert.ok(byConnect === 0 || byConnect === 405, String(byConnect))
  // without Upgrade, which HTTP/2 has not, it is a request like any
  assert.equal(plain, 200)
  assert.equal(upstream.handshakes.length, 0)
})

test("attack 27: an app's stream of events arrives event by event over both protocols, and is cut when the session ends", async (t) => {
  const gate = await startGate(t)
  const answers: ServerResponse[] = []
  const upstream = await startUpstream(t, ({ url }, response) => {
    if (url !== '/events') {
      response.end('hello')
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 0\n\n')
    answers.push(response)
  })
  await addRoute(gate, upstream.origin)
  await gate.addAccount('alice')
  const { cookie = '' } = await signIn(gate, 'alice')
  const two = openHttp2(t, gate, host).request({ ':path': '/events', ':authority': host, cookie })
  const { connect: connectTls } = await import('node:tls')
  const one = connectTls({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  one.write(`GET /events HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\n\r\n`)
  for (const stream of [two, one]) {
    let text = ''
    stream.on('error', () => undefined)
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    // each event is written only when the one before has arrived: nothing waits for more
    await until(() => text.includes('data: 0\n\n'))
    for (let at = 1; at < 4; at += 1) {
      for (const answer of answers) answer.write(`data: ${at}\n\n`)
      await until(() => text.includes(`data: ${at}\n\n`))
    }
  }
  const ended = [two, one, ...answers].map((stream) => new Promise((resolve) => stream.once('close', resolve)))
  const actor = await gate.identity.findSession(cookie.slice(appCookie.length + 1), host, '127.0.0.1')
  const sessionId = actor?.session?.id
  if (actor === undefined || sessionId === undefined) return assert.fail('no session')
  await gate.kernel.context(actor).tx((ctx) => gate.identity.endSession(ctx, sessionId))
  await Promise.all(ended)
  assert.equal(answers.length, 2)
})
