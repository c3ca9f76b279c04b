import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { fakeClock } from '#platform/testing'
import { handshake, signedIn, startSocketUpstream } from '../sockets/testing.ts'
import { openHttp2, startGate, startUpstream, TestBrowser, type TestGate, type TestUpstream } from '../testing.ts'

const host = 'app.localhost'
const publicly = { kind: 'public', reason: 'a test of limits' }
const shop = 'https://shop.example.org'

type Wanted = Readonly<Record<string, unknown>>

async function gateTo(t: TestContext, wanted: Wanted, listener?: Parameters<typeof startUpstream>[1]) {
  const upstream = await startUpstream(t, listener)
  const gate = await startGate(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: publicly, ...wanted })
  return { gate, upstream }
}

function codeOf(answer: { readonly body: string }): unknown {
  return (JSON.parse(answer.body) as { readonly code?: unknown }).code
}

/** The end of the next request that reaches the app, whole or not. */
async function nextEnd(upstream: TestUpstream): Promise<void> {
  const [request] = (await once(upstream.server, 'request')) as [IncomingMessage]
  await new Promise((resolve) => request.on('error', () => undefined).once('close', resolve))
}

const cors = { origins: [shop], methods: ['GET', 'PUT'], headers: ['content-type'], credentials: true }
const asking = (origin: string, method = 'PUT') => ({ origin, 'access-control-request-method': method })

test("a browser's question about another origin is answered by the list, and never reaches the app", async (t) => {
  const { gate, upstream } = await gateTo(t, { access: signedIn, response: { cors } })
  const yes = await gate.ask({ host, method: 'OPTIONS', headers: asking(shop) })
  assert.equal(yes.status, 204)
  assert.equal(yes.headers['access-control-allow-origin'], shop)
  assert.equal(yes.headers['access-control-allow-credentials'], 'true')
  assert.equal(yes.headers['access-control-allow-methods'], 'GET, PUT')
  assert.match(String(yes.headers.vary), /^Origin/)
  for (const origin of ['null', 'https://evil.example', 'https://shop.example.org.evil.example', `${shop}, ${shop}`]) {
    const no = await gate.ask({ host, method: 'OPTIONS', headers: asking(origin) })
    assert.equal(no.status, 403)
    assert.equal(codeOf(no), 'gateway.origin-not-allowed')
    assert.ok(!Object.keys(no.headers).some((name) => name.startsWith('access-control-')), origin)
  }
  // what is no such question is a request like any other
  assert.equal((await gate.ask({ host, method: 'OPTIONS', headers: { origin: shop } })).status, 401)
  assert.equal(upstream.seen.length, 0)
})

test('a question is answered only where the route is reachable at all, and by the route of the method asked about', async (t) => {
  const { gate, upstream } = await gateTo(t, { networks: ['192.0.2.0/24'], response: { cors } })
  const outside = await gate.ask({ host, method: 'OPTIONS', headers: asking(shop) })
  assert.equal(outside.status, 403)
  assert.equal(codeOf(outside), 'gateway.network-refused')
  const writes = {
    name: 'writes',
    host,
    path: '/api',
    methods: ['PUT'],
    access: publicly,
    upstreams: [upstream.origin],
  }
  await gate.addRoute({ ...writes, response: { cors } })
  await gate.addRoute({ ...writes, name: 'reads', methods: ['GET', 'OPTIONS'] })
  const put = await gate.ask({ host, path: '/api', method: 'OPTIONS', headers: asking(shop) })
  assert.equal(put.status, 204)
  // the route that takes GET has no list: its app is asked
  const get = await gate.ask({ host, path: '/api', method: 'OPTIONS', headers: asking(shop, 'GET') })
  assert.equal(get.status, 200)
  assert.deepEqual(
    upstream.seen.map(({ method }) => method),
    ['OPTIONS'],
  )
})

test("answers and refusals say who may read them; the app's own word about that is dropped", async (t) => {
  const { gate } = await gateTo(t, { response: { cors } }, (_, response) => {
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('vary', 'accept')
    response.end('hello')
  })
  const listed = await gate.ask({ host, headers: { origin: shop } })
  assert.equal(listed.headers['access-control-allow-origin'], shop)
  assert.equal(listed.headers.vary, 'accept, Origin')
  for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }]) {
    const other = await gate.ask({ host, headers })
    assert.equal(other.headers['access-control-allow-origin'], undefined)
    assert.equal(other.headers.vary, 'accept, Origin')
  }
  const patch = { access: signedIn }
  assert.equal((await gate.admin('PATCH', '/api/v1/routes/app', patch)).status, 200)
  const refused = await gate.ask({ host, headers: { origin: shop } })
  assert.equal(refused.status, 401)
  assert.equal(refused.headers['access-control-allow-origin'], shop)
  const unread = await gate.ask({ host, headers: { origin: 'null' } })
  assert.equal(unread.headers['access-control-allow-origin'], undefined)
  // no cache may hand one's answer to the other
  assert.match(String(refused.headers.vary), /\bOrigin\b/)
  assert.match(String(unread.headers.vary), /\bOrigin\b/)
})

test('a body that says it is too long is refused before anything of it is read', async (t) => {
  const { gate, upstream } = await gateTo(t, { limits: { bodyBytes: 1_000 } })
  assert.equal((await gate.ask({ host, method: 'POST', body: 'x'.repeat(1_000) })).status, 200)
  const refused = await gate.raw(host, `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1001\r\n\r\n`)
  assert.match(refused, /^HTTP\/1.1 413 /)
  assert.match(refused, /gateway\.body-too-large/)
  // what was not read is nobody's next request
  assert.match(refused, /\r\nconnection: close\r\n/i)
  assert.equal(upstream.seen.length, 1)
})

test('attack 11: a body of unannounced length is cut where it becomes too long, over both protocols, and never ends as a whole one', async (t) => {
  const ends: string[] = []
  const { gate, upstream } = await gateTo(t, { limits: { bodyBytes: 100_000 } }, (request, response) => {
    request.on('aborted', () => ends.push('aborted'))
    request.on('end', () => {
      ends.push('whole')
      response.end('hello')
    })
  })
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
  const head = `POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n`
  const within = await gate.raw(host, `${head}${chunk.repeat(6)}0\r\n\r\n`)
  assert.match(within, /^HTTP\/1.1 200 /)
  const closed = nextEnd(upstream)
  const over = await gate.raw(host, head + chunk.repeat(7))
  assert.match(over, /^HTTP\/1.1 413 [\s\S]*gateway\.body-too-large/)
  await closed
  const again = nextEnd(upstream)
  const stream = openHttp2(t, gate, host).request({ ':method': 'POST', ':path': '/' })
  stream.write('x'.repeat(100_001))
  const [headers] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>]
  assert.equal(headers[':status'], 413)
  stream.destroy()
  await again
  assert.deepEqual(ends, ['whole', 'aborted', 'aborted'])
  // what was too much is the client's fault: the app is asked as before
  assert.equal((await gate.ask({ host, method: 'POST', body: 'x' })).status, 200)
})

test('attack 10: a body longer than it said over HTTP/2 passes neither the limit nor as a whole one', async (t) => {
  const ends: string[] = []
  const { gate } = await gateTo(t, { limits: { bodyBytes: 1_000 } }, (request) => {
    request.on('error', () => undefined).resume()
    request.on('aborted', () => ends.push('aborted')).on('end', () => ends.push('whole'))
  })
  const stream = openHttp2(t, gate, host).request({ ':method': 'POST', ':path': '/', 'content-length': '5' })
  stream.on('error', () => undefined)
  stream.end('x'.repeat(100_000))
  await new Promise((resolve) => stream.once('close', resolve))
  // what is still on its way to the app ends now
  await gate.stop()
  assert.ok(!ends.includes('whole'), ends.join())
})

test('a client that breaks off a body that is counted breaks it off for the app too', async (t) => {
  const ends: string[] = []
  const { gate, upstream } = await gateTo(t, { limits: { bodyBytes: 100_000 } }, (request) => {
    request.on('aborted', () => ends.push('aborted'))
    request.on('end', () => ends.push('whole'))
    request.resume()
  })
  const closed = nextEnd(upstream)
  const socket = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  socket.on('error', () => undefined)
  const begun = once(upstream.server, 'request')
  socket.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`)
  await begun
  socket.destroy()
  await closed
  assert.deepEqual(ends, ['aborted'])
})

test('headers that are too large together are refused', async (t) => {
  const { gate, upstream } = await gateTo(t, { limits: { headerBytes: 600 } })
  assert.equal((await gate.ask({ host, headers: { 'x-a': 'x'.repeat(300) } })).status, 200)
  const refused = await gate.ask({ host, headers: { cookie: `a=${'x'.repeat(300)}`, 'x-b': 'y'.repeat(300) } })
  assert.equal(refused.status, 431)
  assert.equal(codeOf(refused), 'gateway.headers-too-large')
  assert.equal(upstream.seen.length, 1)
})

test('who comes too often is told when to come again; everybody is told what is left', async (t) => {
  const clock = fakeClock()
  const upstream = await startSocketUpstream(t)
  const gate = await startGate(t, { clock })
  const limits = { rate: { requests: 3, perSeconds: 60 } }
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: publicly, limits })
  const first = await gate.ask({ host })
  assert.equal(first.status, 200)
  assert.equal(first.headers['ratelimit-policy'], '"default";q=3;w=60')
  assert.equal(first.headers['ratelimit'], '"default";r=2;t=20')
  // a WebSocket is one request
  assert.equal((await handshake(t, gate, { origin: `https://${host}:${gate.port}` })).status, 101)
  assert.equal((await gate.ask({ host })).status, 200)
  const refused = await gate.ask({ host })
  assert.equal(refused.status, 429)
  assert.equal(codeOf(refused), 'gateway.rate-limited')
  assert.equal(refused.headers['retry-after'], '20')
  assert.equal(refused.headers['ratelimit'], '"default";r=0;t=20')
  assert.equal((await handshake(t, gate, { origin: `https://${host}:${gate.port}` })).status, 429)
  // a change of the route is no way to a full bucket
  assert.equal((await gate.admin('PATCH', '/api/v1/routes/app', { priority: 1 })).status, 200)
  assert.equal((await gate.ask({ host })).status, 429)
  clock.advance(20_000)
  assert.equal((await gate.ask({ host })).status, 200)
  assert.equal((await gate.ask({ host })).status, 429)
})

test('people are counted each for themselves, and a refusal at the gate costs nobody anything', async (t) => {
  const upstream = await startUpstream(t)
  const gate = await startGate(t)
  const limits = { rate: { requests: 2, perSeconds: 600 } }
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn, limits })
  await gate.addAccount('sam')
  await gate.addAccount('kim')
  for (let at = 0; at < 5; at += 1) assert.equal((await gate.ask({ host })).status, 401)
  const statuses = async (handle: string): Promise<readonly number[]> => {
    const browser = new TestBrowser(gate)
    // the page sign-in leads back to is the first of two
    const opened = await browser.openSigningIn(host, '/', handle)
    return [opened.status, (await browser.visit(host, '/')).status, (await browser.visit(host, '/')).status]
  }
  assert.deepEqual(await statuses('sam'), [200, 200, 429])
  assert.deepEqual(await statuses('kim'), [200, 200, 429])
  // another session is no other person
  assert.deepEqual((await statuses('sam'))[0], 429)
})

test('a limit is refused at save when it could not be meant', async (t) => {
  const gate: TestGate = await startGate(t)
  const wrong: readonly Wanted[] = [
    { rate: { requests: 0, perSeconds: 1 } },
    { rate: { requests: 1, perSeconds: 0 } },
    { rate: { requests: 1, perSeconds: 86_400, burst: 2 } },
    { rate: { requests: 1, perSeconds: 1, by: 'session' } },
    { bodyBytes: -1 },
    { headerBytes: 100 },
    { headerBytes: 1_000_000 },
  ]
  for (const limits of wrong) {
    const body = { name: 'app', host, upstreams: ['http://127.0.0.1:1'], access: publicly, limits }
    const answer = await gate.admin('POST', '/api/v1/routes', body)
    assert.equal(answer.status, 400, JSON.stringify(limits))
    assert.match(answer.body, /"field":"limits\./)
  }
})
