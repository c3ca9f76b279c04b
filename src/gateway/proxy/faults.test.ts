import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { testCertificate } from '#platform/testing'
import { openHttp2, startGate, startUpstream, type TestGate } from '../testing.ts'
import { onRequest, startRaw } from '../upstreams/testing.ts'

const host = 'app.localhost'
const publicly = { kind: 'public', reason: 'a test of upstreams that fail' }
/** For what is to be waited for in vain; the machine, which may be slow, must not be taken for that. */
const impatience = { connectMs: 1_000, headersMs: 1_000, bodyMs: 1_000 }

async function gateTo(t: TestContext, upstream: string, timeouts: object = {}): Promise<TestGate> {
  const gate = await startGate(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream], access: publicly, timeouts })
  return gate
}

const filler = `x-big: ${'y'.repeat(70_000)}`
const failures: readonly {
  readonly name: string
  readonly serve: (socket: Socket) => void
  readonly status: number
  readonly code: string
}[] = [
  { name: 'hangs', serve: () => undefined, status: 504, code: 'gateway.upstream-timeout' },
  { name: 'closes at once', serve: onRequest((s) => s.end()), status: 502, code: 'gateway.upstream-closed' },
  { name: 'resets', serve: onRequest((s) => s.resetAndDestroy()), status: 502, code: 'gateway.upstream-closed' },
  {
    name: 'speaks no HTTP',
    serve: onRequest('SSH-2.0-OpenSSH\r\n\r\n'),
    status: 502,
    code: 'gateway.upstream-garbage',
  },
  {
    name: 'sends two lengths',
    serve: onRequest('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
    status: 502,
    code: 'gateway.upstream-garbage',
  },
  {
    name: 'sends length and chunks',
    serve: onRequest('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    status: 502,
    code: 'gateway.upstream-garbage',
  },
  {
    name: 'sends headers without end',
    serve: onRequest(`HTTP/1.1 200 OK\r\n${filler}\r\n\r\n`),
    status: 502,
    code: 'gateway.upstream-headers-too-large',
  },
  {
    name: 'switches protocols unasked',
    serve: onRequest('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    status: 502,
    code: 'gateway.upstream-garbage',
  },
  {
    name: 'sends interim answers without end',
    serve: onRequest('HTTP/1.1 102 Processing\r\n\r\n'.repeat(17)),
    status: 502,
    code: 'gateway.upstream-garbage',
  },
  {
    name: 'sends more header fields than anybody reads',
    serve: onRequest(`HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(2_000)}\r\n`),
    status: 502,
    code: 'gateway.upstream-headers-too-large',
  },
  {
    name: 'sends a body that was not asked for before its head',
    serve: onRequest('0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    status: 502,
    code: 'gateway.upstream-garbage',
  },
  {
    name: 'sends bytes of zero',
    serve: onRequest('\0'.repeat(100)),
    status: 502,
    code: 'gateway.upstream-garbage',
  },
]

for (const { name, serve, status, code } of failures) {
  test(`an upstream that ${name} is a ${status} ${code}, for programs and for people`, async (t) => {
    const gate = await gateTo(t, await startRaw(t, serve), status === 504 ? impatience : {})
    const answer = await gate.ask({ host, path: '/x?secret=1' })
    assert.equal(answer.status, status, answer.body)
    const problem = JSON.parse(answer.body) as Record<string, unknown>
    assert.equal(problem['code'], code)
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    // nothing of the inside: no address, no path of a file, no stack
    assert.doesNotMatch(answer.body, /127\.0\.0\.1|node:|\.ts|Error:|ECONN|UND_ERR/)
    const page = await gate.ask({ host, headers: { accept: 'text/html' } })
    assert.equal(page.status, status)
    assert.match(page.headers['content-type'] ?? '', /^text\/html/)
    assert.match(page.body, new RegExp(code.replace('.', '\\.')))
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
    const tested = await gate.admin('POST', '/api/v1/routes/app/test')
    assert.equal(
      (JSON.parse(tested.body) as { readonly code?: string }).code,
      code,
      'a test meets what a visitor meets',
    )
    // whoever reads the log finds the very request the client speaks of
    const lines = gate.log.entries.map((entry) => JSON.stringify(entry))
    assert.ok(lines.some((line) => line.includes(code) && line.includes(String(problem['requestId']))))
  })
}

test('a name that does not resolve is a 502, and the app is found when it does again', async (t) => {
  const upstream = await startUpstream(t)
  let known = false
  const gate = await gateTo(t, upstream.origin.replace('127.0.0.1', 'app.internal'))
  const { lookup } = dns
  t.mock.method(dns, 'lookup', ((name: string, options: unknown, done: (...found: unknown[]) => void) => {
    if (name !== 'app.internal') lookup(name, options as dns.LookupAllOptions, done)
    else if (!known) done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }))
    else if (typeof options === 'object' && options !== null && 'all' in options && options.all === true) {
      done(null, [{ address: '127.0.0.1', family: 4 }])
    } else done(null, '127.0.0.1', 4)
  }) as typeof dns.lookup)
  const answer = await gate.ask({ host })
  assert.equal(answer.status, 502)
  assert.match(answer.body, /gateway\.upstream-unreachable/)
  assert.doesNotMatch(answer.body, /app\.internal/)
  known = true
  assert.equal((await gate.ask({ host })).body, 'hello')
})

test('an upstream that is not there is a 502 that says what to do', async (t) => {
  const gate = await gateTo(t, 'http://127.0.0.1:1')
  const answer = await gate.ask({ host, method: 'POST', body: 'x'.repeat(100_000) })
  assert.equal(answer.status, 502)
  assert.match(answer.body, /gateway\.upstream-unreachable/)
  const tested = await gate.admin('POST', '/api/v1/routes/app/test')
  assert.equal(tested.status, 200)
  assert.match(tested.body, /"reachable":false.*gateway\.upstream-unreachable/)
})

test('an upstream that takes a connection and never gets as far as TLS is a 504, also for what a test asks', async (t) => {
  const gate = await gateTo(t, (await startRaw(t, () => undefined)).replace('http:', 'https:'), impatience)
  for (const method of ['GET', 'POST']) {
    const answer = await gate.ask({ host, method, ...(method === 'POST' ? { body: 'x' } : {}) })
    assert.equal(answer.status, 504)
    assert.match(answer.body, /gateway\.upstream-connect-timeout/)
  }
  const tested = await gate.admin('POST', '/api/v1/routes/app/test')
  assert.match(tested.body, /"code":"gateway\.upstream-connect-timeout"/)
})

test('an upstream that dies in the middle of a body cuts the client off: half an answer is no answer', async (t) => {
  const half = 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf'
  const gate = await gateTo(
    t,
    await startRaw(
      t,
      onRequest((socket) => {
        socket.write(half, () => setImmediate(() => socket.resetAndDestroy()))
      }),
    ),
  )
  await assert.rejects(gate.ask({ host }), /aborted|hang up|ECONNRESET/)
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'
  const ending = await startRaw(
    t,
    onRequest((socket) => socket.write(chunked, () => setImmediate(() => socket.end()))),
  )
  const other = await gateTo(t, ending)
  const text = await other.raw(host, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  assert.match(text, /half/)
  assert.doesNotMatch(text, /\r\n0\r\n/)
  const stream = openHttp2(t, other, host).request({ ':path': '/' })
  await assert.rejects(once(stream.resume(), 'close'), /NGHTTP2_INTERNAL_ERROR/)
})

test('an https upstream is verified by its own name; one that does not verify gets nothing', async (t) => {
  const { key, cert } = testCertificate('127.0.0.1')
  let asked = 0
  const server = createHttpsServer({ key, cert }, (_, response) => {
    asked += 1
    response.end('no')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const gate = await gateTo(t, `https://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const answer = await gate.ask({ host })
  assert.equal(answer.status, 502)
  assert.match(answer.body, /gateway\.upstream-certificate/)
  assert.equal(asked, 0)
})

test('of one app only what has no effect is asked again, once, when its kept connection was just being closed', async (t) => {
  const gate = await startGate(t)
  const seen: string[] = []
  const note = (bytes: Buffer) => seen.push(bytes.toString().split(' ', 1)[0] ?? '')
  const begin = async (name: string, serve: (socket: Socket) => void): Promise<string> => {
    const own = `${name}.localhost`
    const upstreams = [await startRaw(t, serve)]
    await gate.addRoute({ name, host: own, upstreams, access: publicly })
    return own
  }
  /** Answers the first request of a connection and closes it with the second. */
  const closing = (socket: Socket) =>
    void socket.once('data', (first: Buffer) => {
      note(first)
      socket.once('data', (second: Buffer) => {
        note(second)
        socket.end()
      })
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  for (const [at, [method, body, isRepeated]] of (
    [
      ['GET', undefined, true],
      ['POST', 'x', false],
      ['POST', undefined, false],
      ['PUT', 'x', false],
      ['DELETE', undefined, false],
      ['GET', 'a body', false],
    ] as const
  ).entries()) {
    const own = await begin(`app-${at}`, closing)
    seen.length = 0
    await gate.ask({ host: own, method: 'OPTIONS' })
    const headers = body === undefined ? {} : { 'content-length': String(body.length) }
    const answer = await gate.ask({ host: own, method, headers, ...(body === undefined ? {} : { body }) })
    assert.equal(answer.status, isRepeated ? 200 : 502, method)
    assert.deepEqual(seen, isRepeated ? ['OPTIONS', method, method] : ['OPTIONS', method])
  }
  const dead = await begin(
    'dead',
    onRequest((socket) => {
      seen.push('asked')
      socket.end()
    }),
  )
  seen.length = 0
  assert.equal((await gate.ask({ host: dead })).status, 502)
  assert.deepEqual(seen, ['asked', 'asked'])
})

test('a client that goes away ends its request at the upstream', async (t) => {
  let ended: (() => void) | undefined
  const gone = new Promise<void>((resolve) => {
    ended = resolve
  })
  const upstream = await startUpstream(t, (request, response) => {
    response.on('close', () => ended?.())
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
  })
  const gate = await gateTo(t, upstream.origin)
  const socket = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  socket.write(`GET /events HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  const [first] = (await once(socket, 'data')) as [Buffer]
  // the head of a stream does not wait for its end
  assert.match(first.toString(), /^HTTP\/1\.1 200 /)
  socket.destroy()
  await gone
})

test('bodies stream both ways with back-pressure, whatever their size', async (t) => {
  const size = 8 * 1024 * 1024
  const upstream = await startUpstream(t, (request, response) => {
    if (request.method === 'POST') request.pipe(response)
    else response.end(Buffer.alloc(size, 'z'))
  })
  const gate = await gateTo(t, upstream.origin)
  const down = await gate.ask({ host })
  assert.equal(down.body.length, size)
  const up = await gate.ask({ host, method: 'POST', body: 'a'.repeat(size) })
  assert.equal(up.body.length, size)
})

test('HEAD, 204, 304, empty and chunked answers keep their shape', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    request.resume()
    const status = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 200)
    response.writeHead(status, { etag: '"x"', ...(status === 200 ? { 'content-length': '5' } : {}) })
    response.end(status === 200 ? 'hello' : undefined)
  })
  const gate = await gateTo(t, upstream.origin)
  const head = await gate.ask({ host, path: '/200', method: 'HEAD' })
  assert.equal(head.headers['content-length'], '5')
  assert.equal(head.body, '')
  for (const status of [204, 304, 404]) {
    const answer = await gate.ask({ host, path: `/${status}` })
    assert.equal(answer.status, status)
    assert.equal(answer.body, '')
    assert.equal(answer.headers.etag, '"x"')
  }
  assert.equal(
    (await gate.ask({ host, path: '/200', method: 'POST', body: 'x', headers: { expect: '100-continue' } })).body,
    'hello',
  )
})
