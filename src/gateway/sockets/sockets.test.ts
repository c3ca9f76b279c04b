import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { connect as connectTcp, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { Agent, WebSocket as BrowserSocket } from 'undici'
import { WebSocket } from 'ws'
import { listUses } from '#platform'
import { eachDialect, type Place } from '#platform/testing'
import { openHttp2, startGate, startUpstream, TestBrowser } from '../testing.ts'
import {
  addRoute,
  appCookie,
  createToken,
  disable,
  handshake,
  host,
  open,
  originOf,
  rawHandshake,
  say,
  signedIn,
  signIn,
  startSocketUpstream,
  until,
} from './testing.ts'

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
    let closed: readonly [number, string] | undefined
    socket.addEventListener('close', ({ code, reason }) => {
      closed = [code, reason]
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
    await until(() => closed !== undefined)
    assert.deepEqual(closed, [1008, 'the session ended'])
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
      assert.deepEqual(await closed(), [1008, 'no longer permitted'])
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
  await gate.addRoute({ name: 'door', host: 'door.localhost', upstreams: [upstream.origin], access: signedIn })
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
  assert.deepEqual(await closed(), [1008, 'the session ended'])
})

test('strangers are refused like on any request, and never led to sign-in', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin, signedIn)
  await gate.addRoute({
    name: 'lan',
    host: 'lan.localhost',
    upstreams: [upstream.origin],
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
  await gate.addRoute({ name: 'other', host: 'other.localhost', upstreams: [upstream.origin], access: open })
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
  assert.deepEqual(await byRoute.closed(), [1012, 'the route changed'])

  const silent = await handshake(t, gate, headers)
  gate.clock.advance(59_000)
  assert.equal(await say(silent.socket, 'not yet'), 'not yet')
  // in steps: the message counts from the first look that finds it, and only a clock that moves is looked at again
  let passed = 0
  for (; passed < 600_000 && silent.socket.readyState === WebSocket.OPEN; passed += 12_000) {
    gate.clock.advance(12_000)
    await pause(250)
  }
  assert.deepEqual(await silent.closed(), [1001, 'nothing was sent for too long'])
  assert.ok(passed >= 60_000, `closed ${passed} ms after a message`)

  const byRight = await handshake(t, gate, headers)
  await gate.addAccount('root', ['administrator'])
  await disable(gate, account)
  assert.deepEqual(await byRight.closed(), [1008, 'no longer permitted'])
  await gate.kernel.journal.flush()
  const journal = await gate.admin('GET', `/api/v1/audit-records?outcome=refused&actor=${account}`)
  assert.match(journal.body, /routes:use:app/)
})

test('an open WebSocket does not keep a session from idling; messages do', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin, signedIn, { timeouts: { socketIdleMs: 86_400_000 } })
  await gate.addAccount('alice')
  const { socket, closed } = await handshake(t, gate, await signIn(gate, 'alice'))
  // twice five days: more than the week after which a session has idled away
  for (let time = 0; time < 2; time += 1) {
    gate.clock.advance(5 * 86_400_000)
    const asked = t.mock.method(gate.identity, 'findActor')
    assert.equal(await say(socket, 'still at work'), 'still at work')
    // the look at these days may have come before the message
    gate.clock.advance(1_000)
    await until(() => asked.mock.calls.some(({ arguments: [, , , purpose] }) => purpose === 'use'))
    asked.mock.restore()
  }
  for (let day = 0; day < 40 && socket.readyState === WebSocket.OPEN; day += 1) {
    gate.clock.advance(43_200_000)
    socket.ping()
    await pause(250)
  }
  assert.deepEqual(await closed(), [1008, 'the session ended'])
})

test('a stop says that it goes away, and does not wait', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin, open)
  const { closed, status } = await handshake(t, gate, {})
  assert.equal(status, 101)
  await gate.stop()
  assert.deepEqual(await closed(), [1001, 'Gatehouse is restarting'])
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
  await opened[0]?.closed()
  await until(() => upstream.sockets.clients.size === 127)
  assert.equal((await handshake(t, gate, headers)).status, 101)
})

test('attack 11: a client that breaks off while the gate still asks keeps no place', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t)
  await addRoute(gate, upstream.origin)
  await gate.addAccount('alice')
  const headers = await signIn(gate, 'alice')
  const findActor = gate.identity.findActor.bind(gate.identity)
  const answers: (() => void)[] = []
  const held = t.mock.method(gate.identity, 'findActor', async (...asked: Parameters<typeof findActor>) => {
    await new Promise<void>((resolve) => answers.push(resolve))
    return findActor(...asked)
  })
  let gone = 0
  const arrived = (message: unknown) => (message as { socket: Socket }).socket.once('close', () => (gone += 1))
  subscribe('net.server.socket', arrived)
  const bytes = rawHandshake(`Cookie: ${headers['cookie'] ?? ''}\r\nOrigin: ${originOf(gate)}\r\n`)
  const clients = Array.from({ length: 128 }, () => {
    const client = connectTcp({ host: '127.0.0.1', port: gate.port })
    connectTls({ socket: client, servername: host, rejectUnauthorized: false })
      .on('error', () => undefined)
      .write(bytes)
    return client
  })
  await until(() => answers.length === clients.length)
  for (const client of clients) client.resetAndDestroy()
  await until(() => gone >= clients.length)
  unsubscribe('net.server.socket', arrived)
  held.mock.restore()
  for (const answer of answers) answer()
  assert.equal((await handshake(t, gate, headers)).status, 101)
  assert.equal(upstream.handshakes.length, 1)
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
