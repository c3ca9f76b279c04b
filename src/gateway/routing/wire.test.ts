import assert from 'node:assert/strict'
import type { ClientHttp2Session } from 'node:http2'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { openHttp2, startGate, type TestGate } from '../testing.ts'

const host = 'app.localhost'
const other = 'other.localhost'

/** An upstream that keeps every byte it is sent, and answers each request alike. */
async function startRecorder(
  t: TestContext,
): Promise<{ readonly origin: string; readonly lines: () => readonly string[] }> {
  let bytes = ''
  const server = createServer((socket) => {
    let open = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      bytes += chunk.toString('latin1')
      open += chunk.toString('latin1')
      while (open.includes('\r\n\r\n')) {
        open = open.slice(open.indexOf('\r\n\r\n') + 4)
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      }
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    lines: () => bytes.split('\r\n').filter((line) => line.endsWith(' HTTP/1.1')),
  }
}

async function gateWithApps(t: TestContext) {
  const gate = await startGate(t)
  const [open, guarded] = [await startRecorder(t), await startRecorder(t)]
  const access = { kind: 'public', reason: 'a test of public routes' }
  await gate.addRoute({ name: 'site', host, upstreams: [open.origin], access })
  await gate.addRoute({
    name: 'admin',
    host,
    path: '/admin',
    upstreams: [guarded.origin],
    access: { kind: 'signed-in' },
  })
  await gate.addRoute({ name: 'user', host, path: '/u/*/keys', exact: true, upstreams: [guarded.origin] })
  await gate.addRoute({ name: 'other', host: other, upstreams: [open.origin], access })
  return { gate, open, guarded }
}

async function statusOf1(
  gate: TestGate,
  target: string,
  headers = `Host: ${host}:${gate.port}`,
  sni = host,
): Promise<number> {
  const text = await gate.raw(
    sni,
    Buffer.from(`GET ${target} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`, 'latin1'),
  )
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0)
}

/** 0 where the connection or the client would not even carry it. */
function statusOf2(
  session: ClientHttp2Session,
  path: string,
  more: Readonly<Record<string, string>> = {},
): Promise<number> {
  return new Promise((resolve) => {
    try {
      const stream = session.request({ ':method': 'GET', ':path': path, ...more })
      stream.on('response', (headers) => {
        resolve(Number(headers[':status']))
        stream.close()
      })
      stream.on('error', () => resolve(0))
      stream.on('close', () => resolve(0))
      stream.end()
    } catch {
      resolve(0)
    }
  })
}

const dotted = ['/x/../admin', '/..', '/./admin', '/x/./admin', '/x/..;/admin', '/x/..;y=1/admin', '/admin/..']
const encoded = [
  '/x/%2e%2e/admin',
  '/x/%2E%2e/admin',
  '/x/.%2e/admin',
  '/x%2fadmin',
  '/x%2F..%2Fadmin',
  '/%61dmin',
  '/adm%69n',
  '/x/%252e%252e/admin',
  '/admin%2f',
  '/x/%c0%ae%c0%ae/admin',
  '/%2561dmin',
  '/x%250d%250aHost:%20y',
  '/admin%253bx',
]
const slashed = ['//admin', '/x//admin', '/admin//', '/x\\..\\admin', '/\\admin', '/x%5cadmin', '/x%5C..%5Cadmin']
const parameters = [
  '/admin;x',
  '/admin;',
  '/admin;x/y',
  '/;x/admin',
  '/;/admin',
  '/x;/../admin',
  '/admin%3bx',
  '/u;x/sam/keys',
  '/u/sam/keys;x',
]
const spelled = ['/Admin', '/ADMIN/x', '/aDmin', '/U/sam/keys', '/u/sam/Keys', '/u/sam/keys/']
const cut = [
  '/x%00/admin',
  '/admin%00',
  '/x%0a',
  '/x%0d%0aHost:%20y',
  '/x%7f',
  '/x%',
  '/x%2',
  '/x%zz',
  '/\u00e9',
  '/x#/admin',
  '/#',
  '/x?y#z',
  '/x#?/admin',
  '/admin%23',
  '/admin%23/x',
  '/Admin%3Fx',
  '/u/sam/keys%23',
  '/.gatehouse%23/x',
]
const never = [...dotted, ...encoded, ...slashed, ...parameters, ...spelled, ...cut]

const passing = [
  '/',
  '/x',
  '/x/',
  '/x;y=1',
  '/x/;y',
  '/%E2%82%AC',
  '/C%23',
  '/who%3Fx',
  '/a%20b',
  '/x?',
  '/x?y=/../admin',
  '/x?y=%2e%2e%2fadmin&z=//',
  '/x??y',
  '/administrator',
  '/u/sam',
  '/u/sam/keys2',
  "/~!$&'()*+,=:@-._x",
]

test('attacks 1, 2: over HTTP/1.1 no spelling of a path reaches an app by another route than as it is written; what passes arrives byte for byte', async (t) => {
  const { gate, open, guarded } = await gateWithApps(t)
  for (const target of never) {
    const status = await statusOf1(gate, target)
    assert.ok([400, 401, 404].includes(status), `${JSON.stringify(target)}: ${status}`)
    if (status === 401) assert.match(target, /^\/admin\/?$/, target)
  }
  assert.deepEqual([open.lines(), guarded.lines()], [[], []])
  for (const target of passing) assert.equal(await statusOf1(gate, target), 200, target)
  assert.deepEqual(
    open.lines(),
    passing.map((target) => `GET ${target} HTTP/1.1`),
  )
  for (const target of ['/admin', '/admin/', '/admin/x;y', '/u/sam/keys', '/u/a;b/keys']) {
    assert.equal(await statusOf1(gate, target), 401, target)
  }
  assert.deepEqual(guarded.lines(), [])
})

test('attack 3: a header or a query that asks for another method leads to no route but the one of the request’s own', async (t) => {
  const gate = await startGate(t)
  const [open, guarded] = [await startRecorder(t), await startRecorder(t)]
  const access = { kind: 'public', reason: 'a test of methods' }
  const more = { host, path: '/docs' }
  await gate.addRoute({ name: 'read', ...more, methods: ['GET', 'POST'], upstreams: [open.origin], access })
  await gate.addRoute({ name: 'write', ...more, methods: ['DELETE'], upstreams: [guarded.origin] })
  await gate.addRoute({ name: 'any', host, path: '/any', upstreams: [open.origin], access })
  const ask = async (line: string, headers: readonly string[]) => {
    const head = [`${line} HTTP/1.1`, `Host: ${host}`, ...headers, 'Content-Length: 0', 'Connection: close']
    const text = await gate.raw(host, `${head.join('\r\n')}\r\n\r\n`)
    return Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0)
  }
  for (const header of [
    'X-HTTP-Method-Override: DELETE',
    'x-http-method-override:delete',
    'X_HTTP_Method_Override: DELETE',
    'X-HTTP-Method: DELETE',
    'X-Method-Override: DELETE ',
    'X-Method-Override: POST\r\nX-Method-Override: DELETE',
    'X-Method-Override: POST, DELETE',
    'X-HTTP-Method-Override: PUT',
  ]) {
    assert.equal(await ask('POST /docs', [header]), 400, header)
    assert.equal(await ask('GET /docs', [header]), 400, header)
  }
  assert.deepEqual([open.lines(), guarded.lines()], [[], []])
  assert.equal(await ask('DELETE /docs', ['X-HTTP-Method-Override: GET']), 400)
  assert.equal(await ask('POST /docs', ['X-HTTP-Method-Override: GET']), 200, 'the same route')
  assert.equal(await ask('POST /docs', ['X-HTTP-Method-Override:']), 200, 'it asks for none')
  assert.equal(await ask('POST /any', ['X-HTTP-Method-Override: DELETE']), 200, 'every method is this route’s')
  assert.equal(guarded.lines().length, 0)

  const seen = open.lines().length
  for (const query of [
    '_method=DELETE',
    'a=1&_method=delete&b=2',
    '%5fm%65thod=D%45LETE',
    '.method=DELETE',
    '+_method=+DELETE',
    '_method%00a=DELETE',
    '_method=POST&_method=DELETE',
    'a=1;_method=DELETE;b',
    '_method=PUT',
  ]) {
    assert.equal(await ask(`POST /docs?${query}`, []), 400, query)
  }
  assert.equal(open.lines().length, seen)
  for (const query of ['_method=', '_method=post', 'method=DELETE', 'a_method=DELETE', 'a=_method', 'a=%zz&_method']) {
    assert.equal(await ask(`POST /docs?${query}`, []), 200, query)
  }
  assert.equal(await ask('POST /any?_method=DELETE', []), 200, 'every method is this route’s')
  const many = Array.from({ length: 1_000 }, (_, n) => `_method=m${n}`).join('&')
  assert.equal(await ask(`POST /any?${many}`, []), 400)
  assert.equal(guarded.lines().length, 0)
})

test('attacks 1, 2: the same over HTTP/2', async (t) => {
  const { gate, open, guarded } = await gateWithApps(t)
  const session = openHttp2(t, gate, host)
  for (const target of [...never, '/x\u0000', '*', '', 'admin', `https://${host}/admin`]) {
    // a stream that the codec itself refuses may take the connection with it
    const fresh = session.destroyed || session.closed ? openHttp2(t, gate, host) : session
    const status = await statusOf2(fresh, target)
    assert.ok([0, 400, 401, 404].includes(status), `${JSON.stringify(target)}: ${status}`)
  }
  assert.deepEqual([open.lines(), guarded.lines()], [[], []])
  const again = openHttp2(t, gate, host)
  for (const target of passing) assert.equal(await statusOf2(again, target), 200, target)
  assert.deepEqual(
    open.lines(),
    passing.map((target) => `GET ${target} HTTP/1.1`),
  )
  assert.deepEqual(guarded.lines(), [])
})

test('attack 13: one spelling of a host, the one of the handshake, named once', async (t) => {
  const { gate, open } = await gateWithApps(t)
  const { port } = gate
  const refused: readonly (readonly [string, string])[] = [
    ['a trailing dot', `Host: ${host}.:${port}`],
    ['another host than in the handshake', `Host: ${other}:${port}`],
    ['two hosts', `Host: ${host}:${port}\r\nHost: ${other}:${port}`],
    ['the same host twice', `Host: ${host}:${port}\r\nHost: ${host}:${port}`],
    ['two spellings of the name', `Host: ${host}:${port}\r\nhost: ${other}:${port}`],
    ['no host', 'X-Other: y'],
    ['an empty host', 'Host:'],
    ['a user', `Host: user@${host}:${port}`],
    ['a list', `Host: ${host}, ${other}`],
    ['a path', `Host: ${host}/admin`],
    ['an underscore for a dot', 'Host: app_localhost'],
    ['a port that is none', `Host: ${host}:99999`],
    ['an encoded dot', 'Host: app%2elocalhost'],
    ['a Kelvin sign for a k', 'Host: app.loc\u212alhost'],
    ['a space before the colon', `Host : ${host}`],
    ['an absolute form of another host', `Host: ${host}:${port}`],
  ]
  for (const [what, headers] of refused) {
    const target = what.startsWith('an absolute form') ? `https://${other}:${port}/x` : '/x'
    const status = await statusOf1(gate, target, headers)
    assert.ok([0, 400, 421].includes(status), `${what}: ${status}`)
  }
  assert.deepEqual(open.lines(), [])
  const [mixed, absolute] = [
    await statusOf1(gate, '/mixed', `Host: APP.LocalHost:${port}`),
    await statusOf1(gate, `https://${host}:${port}/absolute?x`),
  ]
  assert.deepEqual([mixed, absolute], [200, 200])
  assert.deepEqual(open.lines(), ['GET /mixed HTTP/1.1', 'GET /absolute?x HTTP/1.1'])
  for (const target of [
    `https://user@${host}/x`,
    `http://${host}/x`,
    `https://${host}.:${port}/x`,
    `//${host}/x`,
    `https:/${host}/x`,
  ]) {
    assert.ok([400, 421].includes(await statusOf1(gate, target)), target)
  }
  assert.equal(open.lines().length, 2)
})

test('attack 13: over HTTP/2 :authority is judged the same, and Host beside it must agree', async (t) => {
  const { gate, open } = await gateWithApps(t)
  const own = `${host}:${gate.port}`
  const cases: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['a trailing dot', { ':authority': `${host}.:${gate.port}` }],
    ['another host than in the handshake', { ':authority': `${other}:${gate.port}` }],
    ['a Host that disagrees', { ':authority': own, host: other }],
    ['a user', { ':authority': `user@${own}` }],
    ['an empty authority', { ':authority': '' }],
    ['a path', { ':authority': `${host}/x` }],
  ]
  for (const [what, more] of cases) {
    const status = await statusOf2(openHttp2(t, gate, host), '/x', more)
    assert.ok([0, 400, 421].includes(status), `${what}: ${status}`)
  }
  assert.deepEqual(open.lines(), [])
  assert.equal(await statusOf2(openHttp2(t, gate, host), '/mixed', { ':authority': `APP.localhost:${gate.port}` }), 200)
  assert.deepEqual(open.lines(), ['GET /mixed HTTP/1.1'])
})

test('attack 10: what is no one request is none: the app never sees a second one behind it', async (t) => {
  const { gate, open, guarded } = await gateWithApps(t)
  const own = `Host: ${host}:${gate.port}`
  const inner = `GET /smuggled HTTP/1.1\r\n${own}\r\n\r\n`
  const attempts = [
    `POST /x HTTP/1.1\r\n${own}\r\nContent-Length: ${inner.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
    `POST /x HTTP/1.1\r\n${own}\r\nContent-Length: 0\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    `POST /x HTTP/1.1\r\n${own}\r\nContent-Length : 0\r\n\r\n${inner}`,
    `POST /x HTTP/1.1\r\n${own}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner}`,
    `POST /x HTTP/1.1\r\n${own}\r\nTransfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n${inner}`,
    `POST /x HTTP/1.1\r\n${own}\r\nContent-Length: 0x0\r\n\r\n${inner}`,
    `POST /x HTTP/1.0\r\n${own}\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
    `GET /x\r\n${own}\r\n\r\n${inner}`,
    `GET /x HTTP/1.1 HTTP/1.1\r\n${own}\r\n\r\n${inner}`,
    `GET /x\tHTTP/1.1\r\n${own}\r\n\r\n${inner}`,
    `GET /x HTTP/1.1\n${own}\n\n${inner}`,
    `GET /x HTTP/1.1\r\n${own}\r\n folded: y\r\n\r\n${inner}`,
    `CONNECT ${host}:443 HTTP/1.1\r\n${own}\r\n\r\n${inner}`,
  ]
  for (const bytes of attempts) {
    await gate.raw(host, Buffer.from(bytes, 'latin1'))
    const seen = [...open.lines(), ...guarded.lines()]
    assert.ok(!seen.some((line) => line.includes('smuggled')), `${JSON.stringify(bytes)}: ${seen.join(' | ')}`)
  }
})
