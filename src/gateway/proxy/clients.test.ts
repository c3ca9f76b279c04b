import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import type { ClientHttp2Session } from 'node:http2'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { http2Frame } from '#platform/testing'
import { openHttp2, startGate, startUpstream, type TestGate } from '../testing.ts'

const host = 'app.localhost'
const access = { kind: 'public', reason: 'a test of clients that misbehave' }

async function gateTo(t: TestContext, upstream: string, bodyMs = 60_000): Promise<TestGate> {
  const gate = await startGate(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream], access, timeouts: { bodyMs } })
  return gate
}

/** An upstream that answers every request with these bytes. */
async function startFixed(t: TestContext, bytes: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write(bytes))
    t.after(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** One half of a header field, never indexed (RFC 7541 §6.2.3). */
function literal(text: string, isName: boolean): Buffer {
  return Buffer.concat([Buffer.from(isName ? [0x10, text.length] : [text.length]), Buffer.from(text)])
}

async function ask(
  session: ClientHttp2Session,
): Promise<{ readonly head: IncomingHttpHeaders; readonly body: string }> {
  const stream = session.request({ ':path': '/' })
  const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  let body = ''
  for await (const chunk of stream) body += String(chunk)
  return { head, body }
}

test('an answer that says twice what may be said once arrives, over HTTP/2 as over HTTP/1', async (t) => {
  const once = 'X-Content-Type-Options: nosniff\r\nDate: a\r\nContent-Type: text/html\r\nContent-Encoding: x\r\n'
  const again = 'X-Content-Type-Options: nosniff\r\nDate: b\r\nContent-Type: text/plain\r\nContent-Encoding: y\r\n'
  const bytes = `HTTP/1.1 200 OK\r\n${once}${again}Constructor: z\r\nContent-Length: 2\r\n\r\nok`
  const gate = await gateTo(t, await startFixed(t, bytes))
  const { head, body } = await ask(openHttp2(t, gate, host))
  const plain = await gate.ask({ host })
  for (const [headers, text] of [
    [head, body],
    [plain.headers, plain.body],
  ] as const) {
    assert.equal(text, 'ok')
    assert.equal(headers['content-type'], 'text/html')
    assert.equal(headers['date'], 'a')
    assert.equal(headers['content-encoding'], 'x, y')
    assert.equal(headers['constructor'], 'z')
    assert.match(String(headers['content-security-policy']), /object-src/)
  }
  assert.equal(plain.rawHeaders.filter((name) => name.toLowerCase() === 'content-type').length, 1)
})

test('what is left of an answer that cannot be sent is no part of ours', async (t) => {
  const bytes = 'HTTP/1.1 999 No\r\nContent-Security-Policy: x\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\nno'
  const gate = await gateTo(t, await startFixed(t, bytes))
  const { head, body } = await ask(openHttp2(t, gate, host))
  assert.equal(head[':status'], 502)
  assert.match(body, /gateway\.upstream/)
  assert.equal(head['set-cookie'], undefined)
  assert.equal(head['content-security-policy'], undefined)
})

test('attack 10: an upload over HTTP/2 that is broken off never ends as a whole one', async (t) => {
  const ends: string[] = []
  let ended: (() => void) | undefined
  const upstream = await startUpstream(t, (request) => {
    request.on('aborted', () => ends.push('aborted'))
    request.on('end', () => ends.push('whole'))
    request.on('close', () => ended?.())
  })
  const gate = await gateTo(t, upstream.origin)
  // NO_ERROR reads like an end to Node; CANCEL and the end of the connection do not
  for (const code of [0, 8, undefined]) {
    const socket = connect({
      host: '127.0.0.1',
      port: gate.port,
      servername: host,
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
    })
    socket.on('error', () => undefined)
    const begun = once(upstream.server, 'request')
    const over = new Promise<void>((resolve) => {
      ended = resolve
    })
    // by frames: Node's own client ends a body before it breaks it off
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    socket.write(http2Frame(4, 0, 0, Buffer.alloc(0)))
    const fields = [':method', 'POST', ':scheme', 'https', ':authority', host, ':path', '/']
    socket.write(http2Frame(1, 4, 1, Buffer.concat(fields.map((text, at) => literal(text, at % 2 === 0)))))
    socket.write(http2Frame(0, 0, 1, Buffer.from('half of it')))
    await begun
    if (code === undefined) socket.destroy()
    else socket.write(http2Frame(3, 0, 1, Buffer.from([0, 0, 0, code])))
    await over
    socket.destroy()
  }
  assert.deepEqual(ends, ['aborted', 'aborted', 'aborted'])
})

test('attack 11: a client that reads nothing gives the connection to the app back after the time between pieces', async (t) => {
  let ended: (() => void) | undefined
  const gone = new Promise<void>((resolve) => {
    ended = resolve
  })
  const piece = Buffer.alloc(65_536)
  const upstream = await startUpstream(t, (_, response) => {
    const more = (): void => {
      while (response.write(piece));
    }
    response.on('drain', more).on('close', () => ended?.())
    more()
  })
  const gate = await gateTo(t, upstream.origin, 200)
  const socket = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  t.after(() => socket.destroy())
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  await gone
})

test('attack 11: however many ask at once, an app gets 256 connections and the rest wait', async (t) => {
  let open = 0
  const server = createServer((socket) => {
    open += 1
    socket.on('error', () => undefined).resume()
    t.after(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const gate = await gateTo(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  for (let client = 0; client < 3; client += 1) {
    const session = openHttp2(t, gate, host)
    for (let each = 0; each < 100; each += 1) session.request({ ':path': '/' }).on('error', () => undefined)
  }
  const underWay = async (): Promise<boolean> =>
    (await gate.admin('GET', '/api/v1/routes/app/upstreams')).body.includes('"inFlight":300')
  while (!(await underWay()) || open < 256) await new Promise((resolve) => setTimeout(resolve, 20))
  // one more would have been asked for by now
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(open, 256)
})
