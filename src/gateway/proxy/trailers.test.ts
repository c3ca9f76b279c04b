import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { testCertificate } from '#platform/testing'
import { openHttp2, startGate, startUpstream, type TestGate } from '../testing.ts'
import { startRaw } from '../upstreams/testing.ts'

const host = 'app.localhost'
const access = { kind: 'public', reason: 'a test of trailers' }

interface Got {
  readonly body: string
  readonly trailers: Readonly<Record<string, unknown>>
  readonly headers: IncomingMessage['headers']
}

/** An app that remembers what came, to the end. */
function remembering(got: Got[]): RequestListener {
  return (request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => {
      body += piece.toString()
    })
    request.on('end', () => {
      got.push({ body, trailers: { ...request.trailers }, headers: request.headers })
      response.end('taken')
    })
  }
}

async function start(t: TestContext, more: object = {}): Promise<{ gate: TestGate; got: Got[] }> {
  const got: Got[] = []
  const upstream = await startUpstream(t, remembering(got))
  const gate = await startGate(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access, ...more })
  return { gate, got }
}

const upload = (announced: string, trailers: string, more = ''): string =>
  `POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nTrailer: ${announced}\r\n${more}Connection: close\r\n\r\n` +
  `4\r\nbody\r\n0\r\n${trailers}\r\n`

test('trailers that a request announces reach the app behind its body, over both protocols', async (t) => {
  const { gate, got } = await start(t)
  const answer = await gate.raw(host, upload('X-Sum, x-time', 'X-Sum: abc\r\nX-Time: 5\r\nX-Unsaid: 1\r\n'))
  assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*taken/)
  // one that nobody announced is dropped, as a hop may (RFC 9110 §6.5.1)
  assert.deepEqual([got[0]?.body, got[0]?.trailers], ['body', { 'x-sum': 'abc', 'x-time': '5' }])
  assert.equal(got[0]?.headers.trailer, 'x-sum, x-time')
  // announced, and then there is none
  await gate.raw(host, upload('X-Sum', ''))
  assert.deepEqual([got[1]?.body, got[1]?.trailers], ['body', {}])

  const session = openHttp2(t, gate, host)
  const bodies = ['b'.repeat(300_000), 'short']
  for (const [at, body] of bodies.entries()) {
    // a length is allowed there beside trailers, and over HTTP/1.1 it is not
    const stream = session.request(
      { ':method': 'POST', ':path': '/', trailer: 'x-sum', 'content-length': body.length },
      { waitForTrailers: true, endStream: false },
    )
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'of it', 'x-unsaid': '1' }))
    stream.end(body)
    const [headers] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>]
    stream.resume()
    assert.equal(headers[':status'], 200)
    assert.deepEqual([got[at + 2]?.body === body, got[at + 2]?.trailers], [true, { 'x-sum': 'of it' }])
    assert.equal(got[at + 2]?.headers['content-length'], undefined)
  }
})

test('attacks 5 and 6: nothing comes in a trailer that could not come in a header, announced or not', async (t) => {
  const request = { setHeaders: { 'X-Tenant': 'acme' }, identityHeaders: { 'X-Webauth-User': '{handle}' } }
  const { gate, got } = await start(t, { request })
  const steering = [
    'Remote-User',
    'remote_user',
    'X-Webauth-User',
    'x.webauth.user',
    'X-Tenant',
    'X-Gatehouse-Assertion',
    'X-Forwarded-For',
    'Client-Cert',
    'Cookie',
    'Authorization',
    'Host',
    'Content-Type',
    'If-Match',
    'Range',
    'Expect',
    'Via',
    'Origin',
    'Sec-Fetch-Site',
    'X-HTTP-Method-Override',
    'x_method_override',
    'X-HTTP-Method',
    'Connection',
    'Upgrade',
    'TE',
  ]
  const lines = steering.map((name) => `${name}: root\r\n`).join('')
  await gate.raw(host, upload(`${steering.join(', ')}, X-Sum`, `${lines}X-Sum: 1\r\n`))
  assert.deepEqual([got[0]?.body, got[0]?.trailers], ['body', { 'x-sum': '1' }])
  assert.equal(got[0]?.headers.trailer, 'x-sum')
  assert.doesNotMatch(JSON.stringify(got[0]), /root/)
  // of none that may pass the request takes the usual way
  await gate.raw(host, upload(steering.join(', '), lines))
  assert.deepEqual([got[1]?.body, got[1]?.trailers, got[1]?.headers.trailer], ['body', {}, undefined])
  // what would frame the body anew is refused as it is read
  for (const name of ['Content-Length: 5', 'Transfer-Encoding: chunked']) {
    const before = got.length
    await gate.raw(host, upload('X-Sum, Content-Length, Transfer-Encoding', `${name}\r\nX-Sum: 1\r\n`))
    for (const { body, headers } of got.slice(before)) assert.deepEqual([body, headers.trailer], ['body', 'x-sum'])
  }
  for (const announced of ['x sum', 'x-sum: 1', ',,', '"', ':path', 'é']) {
    const before = got.length
    await gate.raw(host, upload(announced, ''))
    for (const { headers } of got.slice(before)) assert.equal(headers.trailer, undefined, announced)
  }
})

test('a request that ends in trailers is limited, cut and answered like any other', async (t) => {
  const { gate, got } = await start(t, { limits: { bodyBytes: 10 } })
  const long = upload('X-Sum', 'X-Sum: 1\r\n').replace('4\r\nbody', 'b\r\nhello world')
  assert.match(await gate.raw(host, long), /^HTTP\/1\.1 413 [\s\S]*gateway\.body-too-large/)
  assert.match(await gate.raw(host, upload('X-Sum', 'X-Sum: 1\r\n')), /^HTTP\/1\.1 200 /)
  assert.deepEqual(got.length, 1)
})

test('half an upload that announced trailers is never ended as a whole one', async (t) => {
  const ended: string[] = []
  let closed: (() => void) | undefined
  const cut = new Promise<void>((resolve) => {
    closed = resolve
  })
  const upstream = await startUpstream(t, (request) => {
    request.on('end', () => ended.push('whole'))
    request.on('error', () => undefined)
    request.on('close', () => closed?.())
    client.destroy()
  })
  const gate = await startGate(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access })
  const client = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  client.on('error', () => undefined)
  client.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n4\r\nbody\r\n`)
  await cut
  assert.deepEqual(ended, [])
})

test('an app that answers before such an upload ends, with garbage, too much or not at all', async (t) => {
  const answers: readonly (readonly [answer: string | undefined, expected: RegExp])[] = [
    ['HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nstop', /^HTTP\/1\.1 413 [\s\S]*stop/],
    [
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      /^HTTP\/1\.1 200 /,
    ],
    ['nonsense\r\n\r\n', /^HTTP\/1\.1 502 [\s\S]*gateway\.upstream-garbage/],
    [
      'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      /^HTTP\/1\.1 502 [\s\S]*gateway\.upstream-/,
    ],
    [`HTTP/1.1 200 OK\r\n${'X-Long: 123456789\r\n'.repeat(5_000)}\r\n`, /^HTTP\/1\.1 502 [\s\S]*headers-too-large/],
    ['HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok', /^HTTP\/1\.1 502 [\s\S]*gateway\.upstream-garbage/],
    ['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nno', /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nno$/],
    [undefined, /^HTTP\/1\.1 502 [\s\S]*gateway\.upstream-closed/],
  ]
  for (const [answer, expected] of answers) {
    const origin = await startRaw(t, (socket) => {
      socket.once('data', () => (answer === undefined ? socket.destroy() : socket.end(answer)))
    })
    const gate = await startGate(t)
    await gate.addRoute({ name: 'app', host, upstreams: [origin], access })
    assert.match(await gate.raw(host, upload('X-Sum', 'X-Sum: 1\r\n')), expected, String(answer).slice(0, 40))
    await gate.stop()
  }
})

test('an answer that cannot be passed on fails its own request and not the gate', async (t) => {
  // HTTP/1.1 may carry such a status, HTTP/2 may not
  const origin = await startRaw(t, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\nok'))
  })
  const gate = await startGate(t)
  await gate.addRoute({ name: 'app', host, upstreams: [origin], access })
  const session = openHttp2(t, gate, host)
  // with trailers that may pass, and on the usual way
  for (const trailer of ['x-sum', 'host']) {
    const stream = session.request({ ':method': 'POST', ':path': '/', trailer })
    stream.end('body')
    const [headers] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>]
    stream.resume()
    assert.equal(headers[':status'], 502)
  }
})

test('however many such requests there are, none waits for the connection of another, and all end with the app', async (t) => {
  const many = 300
  const requests = new Set<Socket>()
  let all: (() => void) | undefined
  const come = new Promise<void>((resolve) => {
    all = resolve
  })
  const origin = await startRaw(t, (socket) => {
    socket.once('data', (head) => {
      assert.match(head.toString(), /\r\nconnection: close\r\n/i)
      if (requests.add(socket).size === many) all?.()
    })
  })
  const gate = await startGate(t)
  await gate.addRoute({ name: 'app', host, upstreams: [origin], access })
  const sessions = Array.from({ length: 6 }, () => openHttp2(t, gate, host))
  const answers = Array.from({ length: many }, async (_, at) => {
    const stream = sessions[at % sessions.length]?.request({ ':method': 'POST', ':path': '/', trailer: 'x-sum' })
    assert.ok(stream)
    stream.end('body')
    const [headers] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>]
    stream.resume()
    return headers[':status']
  })
  await come
  for (const socket of requests) socket.destroy()
  assert.deepEqual(new Set(await Promise.all(answers)), new Set([502]))
})

test('an app that says nothing to such a request is given up in time', async (t) => {
  const gate = await startGate(t)
  const origin = await startRaw(t, () => undefined)
  await gate.addRoute({ name: 'app', host, upstreams: [origin], access, timeouts: { headersMs: 100 } })
  assert.match(await gate.raw(host, upload('X-Sum', '')), /^HTTP\/1\.1 504 [\s\S]*gateway\.upstream-timeout/)
})

test('it moves on to another upstream while nothing of it was sent', async (t) => {
  const got: Got[] = []
  const upstream = await startUpstream(t, remembering(got))
  const gate = await startGate(t)
  const upstreams = ['http://127.0.0.1:1', upstream.origin]
  await gate.addRoute({ name: 'app', host, upstreams, access, balance: { retries: 1 } })
  for (let count = 0; count < 2; count += 1) {
    assert.match(await gate.raw(host, upload('X-Sum', 'X-Sum: 1\r\n')), /^HTTP\/1\.1 200 /)
  }
  assert.deepEqual(
    got.map(({ trailers }) => trailers),
    [{ 'x-sum': '1' }, { 'x-sum': '1' }],
  )
})

test('it reaches apps as any request does: by a unix socket, and over TLS only with the certificate that is pinned', async (t) => {
  const run = realpathSync(mkdtempSync(join(tmpdir(), 'gatehouse-run-')))
  t.after(() => rmSync(run, { recursive: true, force: true }))
  const got: Got[] = []
  const gate = await startGate(t, { environment: { GATEHOUSE_GATEWAY_SOCKETS: run } })
  const local = await startUpstream(t, remembering(got))
  await new Promise<void>((resolve) => local.server.close(() => resolve()))
  local.server.listen(join(run, 'app.sock'))
  await once(local.server, 'listening')
  await gate.addRoute({ name: 'local', host, upstreams: [`unix:${join(run, 'app.sock')}`], access })
  assert.match(await gate.raw(host, upload('X-Sum', 'X-Sum: 1\r\n')), /^HTTP\/1\.1 200 /)
  assert.deepEqual(got[0]?.trailers, { 'x-sum': '1' })

  const own = testCertificate('localhost')
  const secure = await listenTls(t, createServer({ key: own.key, cert: own.cert }, remembering(got)))
  const secureHost = 'secure.localhost'
  await gate.addRoute({ name: 'secure', host: secureHost, upstreams: [secure], access })
  const ask = () => gate.raw(secureHost, upload('X-Sum', 'X-Sum: 2\r\n').replace(host, secureHost))
  assert.match(await ask(), /gateway\.upstream-certificate/)
  assert.equal(got.length, 1)
  await gate.admin('PATCH', '/api/v1/routes/secure', { balance: { ca: own.cert } })
  assert.match(await ask(), /^HTTP\/1\.1 200 /)
  assert.deepEqual(got[1]?.trailers, { 'x-sum': '2' })
})

async function listenTls(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `https://localhost:${(server.address() as AddressInfo).port}`
}
