import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { openHttp2, startGate, startUpstream } from '../testing.ts'
import { addRoute, host, open, rawHandshake, startRawUpstream, startSocketUpstream } from './testing.ts'

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
    await gate.addRoute({ name: `h${at}`, host: name, upstreams: [upstream], access: open })
    const bytes = rawHandshake().replace(`Host: ${host}`, `Host: ${name}`)
    const answer = await gate.raw(name, `${bytes}GET /admin HTTP/1.1\r\nHost: ${name}\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 502 [\s\S]*gateway\.upstream-garbage/, fields)
    assert.equal(heard, '', fields)
  }
})

test('a 101 loses and gains what every answer does, but what is said of a page', async (t) => {
  const gate = await startGate(t)
  const own = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n'
  const cookies = ['__Host-gatehouse-app=planted', 'a=1; Domain=app.localhost', 'b=2; SameSite=Strict']
  const more = ['Server: app/1.0', 'Content-Type: text/html', 'Alt-Svc: h3=":443"', 'X-Own: kept']
  const upstream = await startRawUpstream(
    t,
    (socket) => socket.end(),
    `HTTP/1.1 101 Switching Protocols\r\n${own}${[...cookies.map((each) => `Set-Cookie: ${each}`), ...more].join('\r\n')}\r\n\r\n`,
  )
  const limits = { rate: { requests: 5, perSeconds: 60, burst: 5, by: 'address' } }
  await gate.addRoute({ name: 'app', host, upstreams: [upstream], access: open, limits })
  const head = (await gate.raw(host, rawHandshake())).split('\r\n\r\n', 1)[0] ?? ''
  assert.deepEqual(head.split('\r\n').toSorted(), [
    'Connection: Upgrade',
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'ratelimit-policy: "default";q=5;w=60',
    'ratelimit: "default";r=4;t=12',
    'sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    'set-cookie: a=1; Secure; SameSite=Lax',
    'set-cookie: b=2; SameSite=Strict; Secure',
    'x-own: kept',
  ])
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
    assert.doesNotMatch(answer, /HTTP\/1\.1 101|secret/)
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
