import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { countCollections } from '#platform/testing'
import { openHttp2, startGate, startUpstream, type TestGate } from '../testing.ts'
import { startRaw } from '../upstreams/testing.ts'

const host = 'app.localhost'
const access = { kind: 'public', reason: 'a test of streams' }

async function gateTo(t: TestContext, upstream: string, timeouts: object = {}): Promise<TestGate> {
  const gate = await startGate(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream], access, timeouts })
  return gate
}

/** An answer as it comes over HTTP/1.1, with its trailers. */
async function answerOf(request: ReturnType<typeof httpsRequest>): Promise<IncomingMessage & { text: string }> {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return Object.assign(response, { text })
}

test("an app's trailers arrive over both protocols, without those that would steer, and a client's reach the app", async (t) => {
  let seen: IncomingMessage | undefined
  const upstream = await startUpstream(t, (request, response) => {
    seen = request
    response.writeHead(200, { trailer: 'x-digest, set-cookie' })
    response.write('body')
    response.addTrailers({ 'x-digest': 'abc', 'set-cookie': 'a=b' })
    request.resume().on('end', () => response.end())
  })
  const gate = await gateTo(t, upstream.origin)
  const request = httpsRequest({
    host: '127.0.0.1',
    port: gate.port,
    servername: host,
    method: 'POST',
    headers: { host, te: 'trailers', trailer: 'x-sum', 'transfer-encoding': 'chunked' },
    rejectUnauthorized: false,
    agent: false,
  })
  request.write('part')
  request.addTrailers({ 'x-sum': '1' })
  request.end()
  const plain = await answerOf(request)
  assert.deepEqual([plain.text, plain.trailers], ['body', { 'x-digest': 'abc' }])
  assert.deepEqual(seen?.trailers, { 'x-sum': '1' })
  assert.equal(seen?.headers['te'], 'trailers')
  const stream = openHttp2(t, gate, host).request({ ':path': '/' })
  const trailed = once(stream, 'trailers')
  stream.resume()
  const [trailers] = (await trailed) as [Record<string, string>]
  assert.equal(trailers['x-digest'], 'abc')
  assert.equal(trailers['set-cookie'], undefined)
})

test('interim answers of an app stay behind the gate; the answer itself comes', async (t) => {
  const upstream = await startRaw(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n'.repeat(3))
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  const gate = await gateTo(t, upstream)
  const text = await gate.raw(host, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
  assert.doesNotMatch(text, /103|Early Hints/)
})

test('who asks whether to go on with a body is told so, and the body arrives', async (t) => {
  const upstream = await startUpstream(t, (request, response) => void request.pipe(response))
  const gate = await gateTo(t, upstream.origin)
  const socket = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  t.after(() => socket.destroy())
  socket.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`)
  const [first] = (await once(socket, 'data')) as [Buffer]
  assert.match(first.toString(), /^HTTP\/1\.1 100 Continue\r\n/)
  socket.write('body')
  let rest = ''
  while (!rest.includes('body')) rest += String((await once(socket, 'data'))[0])
  assert.match(rest, /^HTTP\/1\.1 200 /)
})

test('an app that answers before the upload ends is heard, over both protocols', async (t) => {
  const upstream = await startUpstream(t, (_, response) => {
    response.writeHead(413, { connection: 'close' })
    response.end('too much')
  })
  const gate = await gateTo(t, upstream.origin)
  const piece = Buffer.alloc(65_536)
  const socket = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  socket.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000000\r\n\r\n`)
  socket.write(piece)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  await new Promise((resolve) => socket.once('close', resolve))
  assert.match(text, /^HTTP\/1\.1 413 [\s\S]*connection: close[\s\S]*too much/i)

  const stream = openHttp2(t, gate, host).request({ ':path': '/', ':method': 'POST' })
  stream.on('error', () => undefined)
  stream.write(piece)
  const [head] = (await once(stream, 'response')) as [Record<string, unknown>]
  assert.equal(head[':status'], 413)
  let body = ''
  for await (const chunk of stream) body += String(chunk)
  assert.equal(body, 'too much')
})

test('an app that takes nothing of an upload is answered for, and the client is not left waiting', async (t) => {
  const upstream = await startRaw(t, (socket) => socket.pause())
  const gate = await gateTo(t, upstream, { headersMs: 1_000 })
  const socket = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  socket.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000000\r\n\r\n`)
  const piece = Buffer.alloc(1_048_576)
  const more = (): void => {
    while (socket.writable && socket.write(piece));
  }
  socket.on('drain', more)
  more()
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.match(answer.toString(), /^HTTP\/1\.1 504 /)
})

test('an app that drips is waited for as long as the route says and no longer: its head as a whole, its body piece by piece', async (t) => {
  const timers = new Set<NodeJS.Timeout>()
  t.after(() => {
    for (const timer of timers) clearInterval(timer)
  })
  const drip = (socket: Socket, text: string): void => {
    let at = 0
    const timer = setInterval(() => socket.write(text.charAt(at++ % text.length)), 50).unref()
    timers.add(timer)
    socket.on('close', () => clearInterval(timer))
  }
  const upstream = await startRaw(t, (socket) => {
    socket.once('data', (request: Buffer) => {
      if (request.includes('/head')) drip(socket, `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(10_000)}`)
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx')
    })
  })
  const gate = await gateTo(t, upstream, { headersMs: 2_000, bodyMs: 500 })
  const head = await gate.ask({ host, path: '/head' })
  assert.equal(head.status, 504)
  await assert.rejects(gate.ask({ host, path: '/body' }), /aborted|hang up|ECONNRESET/)
})

test('attack 11: what streams through, either way, is never gathered', async (t) => {
  const warmUp = 48 * 1024 * 1024
  const size = 192 * 1024 * 1024
  const upstream = await startRaw(t, (socket) => {
    socket.once('data', (request: Buffer) => {
      const [, method, wanted] = /^(\w+) \/(\d+) /.exec(request.toString('latin1')) ?? []
      if (method === 'POST') takeUpload(socket, request.length, Number(wanted))
      else giveDownload(socket, Number(wanted))
    })
  })
  const gate = await gateTo(t, upstream)
  let most = 0
  const look = (): void => {
    most = Math.max(most, process.memoryUsage().rss)
  }
  // the first pass shows how much client, gate and app in one process take for buffers and for compiling
  await download(t, gate, warmUp, look)
  await upload(t, gate, warmUp, look)
  const before = most
  await download(t, gate, size, look)
  await upload(t, gate, size, look)
  const grown = (most - before) / 1024 / 1024
  assert.ok(grown < 96, `${grown} MB`)
})

const piece = Buffer.alloc(65_536, 'x')

async function download(t: TestContext, gate: TestGate, size: number, look: () => void): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  t.after(() => socket.destroy())
  socket.write(`GET /${size} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  let got = 0
  for await (const chunk of socket) {
    got += (chunk as Buffer).length
    look()
  }
  assert.ok(got > size)
}

async function upload(t: TestContext, gate: TestGate, size: number, look: () => void): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  t.after(() => socket.destroy())
  socket.write(`POST /${size} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`)
  const answered = once(socket, 'data')
  for (let left = size; left > 0; left -= piece.length) {
    if (!socket.write(piece)) await once(socket, 'drain')
    look()
  }
  assert.match(String((await answered)[0]), /^HTTP\/1\.1 200 /)
}

function giveDownload(socket: Socket, size: number): void {
  socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`)
  let left = size
  const more = (): void => {
    while (left > 0) {
      left -= piece.length
      if (!socket.write(piece)) return
    }
    socket.end()
  }
  socket.on('drain', more)
  more()
}

function takeUpload(socket: Socket, begun: number, size: number): void {
  let got = begun
  socket.on('data', (chunk: Buffer) => {
    got += chunk.length
    if (got >= size) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  })
}

test('the head of an answer waits for no part of its body, over both protocols', async (t) => {
  let more = Promise.withResolvers<void>()
  const upstream = await startUpstream(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders()
    void more.promise.then(() => response.end('body'))
  })
  const gate = await gateTo(t, upstream.origin)
  const stream = openHttp2(t, gate, host).request({ ':path': '/' })
  await once(stream, 'response')
  more.resolve()
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  assert.equal(text, 'body')
  more = Promise.withResolvers()
  const client = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  t.after(() => client.destroy())
  client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  const [head] = (await once(client, 'data')) as [Buffer]
  assert.match(head.toString(), /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/)
  more.resolve()
})

test('attack 11: an app is read no faster than its client reads', async (t) => {
  const piece = Buffer.alloc(1_048_576, 'x')
  // more than every buffer between app and client holds
  const pieces = 96
  let taken = 0
  const left = Promise.withResolvers<void>()
  const upstream = await startRaw(t, (socket) => {
    const write = (): void => {
      if (taken === pieces) return
      socket.write(piece, (error) => {
        if (error) return
        taken += 1
        write()
      })
    }
    socket.on('close', left.resolve).once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${pieces * piece.length}\r\n\r\n`, write)
    })
  })
  const gate = await startGate(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream], access, timeouts: { bodyMs: 1_000 } })
  const client = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
  t.after(() => client.destroy())
  client.on('error', () => undefined).write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  // nobody reads; after a second the gate gives it up
  await left.promise
  assert.ok(taken > 0 && taken < pieces, `${taken} MiB`)
})

test('the buffers of long bodies are collected on their way, up and down, of announced and unannounced length', async (t) => {
  const mib = 1_048_576
  const upstream = await startUpstream(t, (request, response) => {
    request.resume().on('end', () => response.end(request.method === 'GET' ? Buffer.alloc(32 * mib) : 'taken'))
  })
  const gate = await startGate(t)
  const limits = { bodyBytes: 64 * mib }
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access, limits })
  const collected = countCollections(t)
  /** They are told of in a turn of its own, on a busy machine a late one. */
  const told = async (isEnough: () => boolean): Promise<void> => {
    for (let waited = 0; waited < 500 && !isEnough(); waited++) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const grown = async (work: () => Promise<unknown>): Promise<number> => {
    const before = collected()
    await work()
    await told(() => collected() - before >= 3)
    return collected() - before
  }
  const body = 'x'.repeat(32 * mib)
  assert.ok((await grown(() => gate.ask({ host }))) >= 3)
  assert.ok((await grown(() => gate.ask({ host, method: 'POST', body }))) >= 3)
  const chunked = { 'transfer-encoding': 'chunked' }
  assert.ok((await grown(() => gate.ask({ host, method: 'POST', body, headers: chunked }))) >= 3)
  const trailing = { ...chunked, trailer: 'x-sum' }
  assert.ok((await grown(() => gate.ask({ host, method: 'POST', body, headers: trailing }))) >= 3)
  // what is small is V8's own business
  await new Promise((resolve) => setTimeout(resolve, 500))
  const before = collected()
  for (let each = 0; each < 20; each++) await gate.ask({ host, method: 'POST', body: 'short' })
  await new Promise((resolve) => setTimeout(resolve, 500))
  assert.equal(collected(), before)
})
