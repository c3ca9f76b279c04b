import assert from 'node:assert/strict'
import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import { constants, type Settings } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { http2Frame } from '../testing/http2-frame.ts'
import type { ListenerLimits } from './limits.ts'
import {
  ask,
  exchange,
  exchangePlain,
  get,
  openHttp2,
  openTls,
  readAll,
  startListener,
  statusOf,
} from './listener-fixture.ts'

/** Short to wait for, and long for what is in time: a busy machine may let a process stand for some tenths of a second. */
const impatient: Partial<ListenerLimits> = {
  handshakeMs: 1_000,
  headersMs: 1_000,
  bodyIdleMs: 1_000,
  keepAliveMs: 1_000,
  sessionIdleMs: 1_000,
  checkMs: 50,
}

/** The other hosts read the whole body, then say so. */
function startReader(t: TestContext, limits: Partial<ListenerLimits>) {
  return startListener(t, limits, (listener) => {
    listener.otherHosts((request, response) => {
      request.on('error', () => undefined)
      request.on('data', () => undefined)
      request.on('end', () => response.end('read'))
    })
  })
}

test('attack 11: a client that stalls in handshake, headers or body is dropped, on both protocols', async (t) => {
  const fixture = await startReader(t, impatient)
  const silent = connectTcp({ host: '127.0.0.1', port: fixture.listener.httpsPort })
  silent.on('error', () => undefined)
  assert.equal(await readAll(silent), '')
  assert.equal(statusOf(await exchange(fixture, 'GET / HTTP/1.1\r\nHost: a.test\r\nX-Slow: ')), 408)
  assert.equal(statusOf(await exchangePlain(fixture, 'GET / HTTP/1.1\r\nHost: a.test\r\nX-Slow: ')), 408)
  assert.equal(await exchange(fixture, ''), await exchange(fixture, ''))
  const upload = 'POST / HTTP/1.1\r\nHost: b.test\r\nContent-Length: 10\r\n\r\n12345'
  assert.ok(!(await exchange(fixture, upload, { serverName: 'b.test' })).includes('read'))
  const stream = openHttp2(t, fixture, 'b.test').request({ ':method': 'POST', ':path': '/', ':authority': 'b.test' })
  stream.on('error', () => undefined)
  stream.write('12345')
  await new Promise((resolve) => stream.once('close', resolve))
  assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL)
})

test('attack 11: a body that trickles is cut, on both protocols, and one that flows is not', async (t) => {
  const limits = { bodyRate: 1_000, bodyWindowMs: 700 }
  const fixture = await startReader(t, limits)
  const head = 'POST / HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n'
  const socket = openTls(fixture, { serverName: 'b.test' })
  socket.write(head)
  assert.equal(await trickled(socket, '1'), false)
  const stream = openHttp2(t, fixture, 'b.test').request({ ':method': 'POST', ':path': '/', ':authority': 'b.test' })
  assert.equal(await trickled(stream, '1'), false)
  assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL, 'a client must not take it for a success')
  const honest = openTls(fixture, { serverName: 'b.test' })
  honest.write(head)
  assert.equal(await trickled(honest, 'x'.repeat(20_000)), true)
  const lenient = await startReader(t, { ...limits, bodyRate: 0, bodyIdleMs: 10_000 })
  const slow = openTls(lenient, { serverName: 'b.test' })
  slow.write(head.replace('1000000', '40'))
  assert.equal(await trickled(slow, '1'), true)
})

test('an HTTP/2 client whose body is cut is told so, also while it is writing; one that has its whole answer is not', async (t) => {
  const limits = { bodyIdleMs: 200, bodyRate: 1_000, bodyWindowMs: 200 }
  const fixture = await startListener(t, limits, (listener) => {
    listener.otherHosts((request, response) => {
      request.on('error', () => undefined)
      if (request.url !== '/unread') request.on('data', () => undefined)
      if (request.url === '/early') response.end('early')
    })
  })
  const session = openHttp2(t, fixture, 'b.test')
  const upload = async (path: string, body: Buffer) => {
    const stream = session.request({ ':method': 'POST', ':path': path, ':authority': 'b.test' })
    let answer = ''
    stream.on('error', () => undefined)
    stream.on('data', (chunk: Buffer) => {
      answer += chunk.toString()
    })
    stream.write(body)
    await once(stream, 'close', { signal: AbortSignal.timeout(30_000) })
    return [stream.rstCode, answer]
  }
  assert.deepEqual(await upload('/stalled', Buffer.alloc(10)), [constants.NGHTTP2_CANCEL, ''])
  // more than the window takes: a piece is still to be written when the stream ends
  assert.deepEqual(await upload('/unread', Buffer.alloc(4_000_000)), [constants.NGHTTP2_CANCEL, ''])
  assert.deepEqual(await upload('/early', Buffer.alloc(10)), [constants.NGHTTP2_NO_ERROR, 'early'])
})

test('a body waits for its reader as long as the reader likes', async (t) => {
  let read: (() => void) | undefined
  const fixture = await startListener(t, { bodyRate: 1_000, bodyWindowMs: 500, bodyIdleMs: 60_000 }, (listener) => {
    listener.otherHosts((request, response) => {
      read = () => request.on('data', () => undefined).on('end', () => response.end('read'))
    })
  })
  const upload = `POST / HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1_000_000)}`
  const answered = exchange(fixture, upload, { serverName: 'b.test' })
  while (read === undefined) await new Promise((resolve) => setImmediate(resolve))
  const ready = read
  // each is cut at the end of a window of its own: windows enough for the other to be cut
  for (let window = 0; window < 2; window++) {
    const other = openTls(fixture, { serverName: 'b.test' })
    other.on('error', () => undefined)
    other.write('POST / HTTP/1.1\r\nHost: b.test\r\nContent-Length: 10\r\n\r\n')
    await new Promise((resolve) => other.once('close', resolve))
  }
  ready()
  assert.match(await answered, /read/)
})

/** Writes a piece every 20 ms, at most 50; whether the answer came before the end. */
function trickled(socket: Duplex, piece: string): Promise<boolean> {
  let seen = ''
  let left = 50
  const timer = setInterval(() => {
    left -= 1
    if (left >= 0) socket.write(piece)
  }, 20)
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    seen += chunk.toString()
  })
  return new Promise((resolve) => {
    socket.once('close', () => {
      clearInterval(timer)
      resolve(seen.includes('read'))
    })
  })
}

test('an idle connection is closed: kept-alive HTTP/1, HTTP/2 without a stream', async (t) => {
  const fixture = await startListener(t, impatient)
  const socket = openTls(fixture)
  assert.equal(statusOf(await readAll(socket, 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')), 200)
  const session = openHttp2(t, fixture)
  const goaway = new Promise((resolve) => session.once('close', resolve))
  assert.equal((await ask(session, { ':authority': 'a.test' })).status, 200)
  await goaway
})

test('a long answer outlives every time limit, also after an upload', async (t) => {
  let finish: (() => void) | undefined
  const fixture = await startListener(t, impatient, (listener) => {
    listener.otherHosts((request, response) => {
      if (!(response instanceof ServerResponse)) return
      request.on('data', () => undefined)
      request.on('end', () => {
        response.write('first ')
        finish = () => void response.end('last')
      })
    })
  })
  const upload = 'POST / HTTP/1.1\r\nHost: b.test\r\nContent-Length: 4\r\nConnection: close\r\n\r\n1234'
  const socket = openTls(fixture, { serverName: 'b.test' })
  const answered = readAll(socket, upload)
  await new Promise((resolve) => socket.once('data', resolve))
  // another connection's time limits pass while this one waits
  await exchange(fixture, 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  await exchange(fixture, 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  finish?.()
  assert.match(await answered, /first [\s\S]*last/)
})

test('header fields are bounded in size and number, and none is dropped silently', async (t) => {
  const fixture = await startListener(t, { headerCount: 20 })
  const many = (count: number): string => Array.from({ length: count }, (_, i) => `X-${i}: y\r\n`).join('')
  assert.equal(statusOf(await exchange(fixture, get('a.test', '/', many(18)))), 200)
  assert.equal(statusOf(await exchange(fixture, get('a.test', '/', many(19)))), 431)
  assert.equal(statusOf(await exchangePlain(fixture, get('a.test', '/', many(19)))), 431)
  assert.equal(statusOf(await exchange(fixture, get('a.test', '/', `X-Long: ${'y'.repeat(17_000)}\r\n`))), 431)
  assert.equal(statusOf(await exchange(fixture, get('a.test', `/${'y'.repeat(17_000)}`))), 431)
  const session = openHttp2(t, fixture)
  const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, 'y']))
  assert.equal((await ask(session, { ':authority': 'a.test', ...headers(16) })).status, 200)
  assert.notEqual((await ask(session, { ':authority': 'a.test', ...headers(17) })).status, 200)
  assert.notEqual((await ask(session, { ':authority': 'a.test', ...headers(500) })).status, 200)
})

test('HTTP/2 clients are told how many streams at once and how large a head are served', async (t) => {
  const fixture = await startListener(t)
  const [settings] = (await once(openHttp2(t, fixture), 'remoteSettings')) as [Settings]
  assert.equal(settings.maxConcurrentStreams, 128)
  assert.equal(settings.maxHeaderListSize, 16_384)
  assert.notEqual(settings.enableConnectProtocol, true)
})

test('HTTP/2 rapid resets end the connection', async (t) => {
  const fixture = await startListener(t, { resetBurst: 50, resetsPerSecond: 1 })
  // GET https a.test / from the static table, each stream reset at once (CVE-2023-44487)
  const headers = Buffer.concat([Buffer.from([0x82, 0x87, 0x84, 0x01, 6]), Buffer.from('a.test')])
  const resets = Array.from({ length: 1_000 }, (_, index) => {
    const stream = 2 * index + 1
    return Buffer.concat([http2Frame(1, 5, stream, headers), http2Frame(3, 0, stream, Buffer.from([0, 0, 0, 8]))])
  })
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  const flood = Buffer.concat([preface, http2Frame(4, 0, 0, Buffer.alloc(0)), ...resets])
  const goaway = http2Frame(7, 0, 0, Buffer.alloc(8)).subarray(3, 9).toString('latin1')
  assert.ok((await exchange(fixture, flood, { alpn: ['h2'] })).includes(goaway))
  assert.equal(statusOf(await exchange(fixture, get('a.test'))), 200)
})

test('one network cannot take every connection; what it closes it may open again', async (t) => {
  const fixture = await startListener(t, { connectionsPerNetwork: 2 })
  const open = [openTls(fixture), openTls(fixture)]
  await Promise.all(open.map((socket) => new Promise((resolve) => socket.once('secureConnect', resolve))))
  assert.equal(await exchange(fixture, get('a.test')), '')
  assert.match(await fixture.metrics.text(), /listener_connections\{port="https"\} 2/)
  const [first] = open
  assert.ok(first !== undefined)
  const closed = readAll(first, get('a.test'))
  assert.equal(statusOf(await closed), 200)
  const retry = async (left: number): Promise<number> => {
    const status = statusOf(await exchange(fixture, get('a.test')))
    return status === 0 && left > 0 ? retry(left - 1) : status
  }
  // the server may see the close a moment after us
  assert.equal(await retry(50), 200)
  open[1]?.destroy()
})

test('attack 10: CONNECT opens no tunnel, on either port or protocol', async (t) => {
  const fixture = await startListener(t)
  const connect = 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n'
  assert.equal(statusOf(await exchange(fixture, connect)), 405)
  assert.equal(statusOf(await exchangePlain(fixture, connect)), 405)
  const stream = openHttp2(t, fixture).request({ ':method': 'CONNECT', ':authority': 'a.test:443' })
  const status = await new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])))
  assert.equal(status, 405)
})

test('attack 10: a request with two lengths, or a length and chunks, is refused', async (t) => {
  const fixture = await startListener(t)
  for (const fields of [
    'Content-Length: 1\r\nContent-Length: 2',
    'Content-Length: 1\r\nTransfer-Encoding: chunked',
    'Content-Length : 1',
    'Transfer-Encoding: chunked, identity',
    'Content-Length: +1',
  ]) {
    const answer = await exchange(fixture, `POST / HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n\r\n0\r\n\r\n`)
    assert.equal(statusOf(answer), 400, fields)
  }
})

test('upgrades: WebSockets reach the host that serves them, others are 400; other protocols are plain requests', async (t) => {
  const fixture = await startListener(t, {}, (listener) => {
    listener.host(
      'b.test',
      (_request, response) => void response.end('plain b'),
      (_request, socket) => {
        socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\nhello')
      },
    )
  })
  const upgrade = (host: string, protocol: string): string =>
    `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`
  assert.match(await exchange(fixture, upgrade('b.test', 'WebSocket'), { serverName: 'b.test' }), /101 [\s\S]*hello/)
  assert.equal(statusOf(await exchange(fixture, upgrade('a.test', 'websocket'))), 400)
  assert.equal(statusOf(await exchange(fixture, upgrade('b.test', 'websocket'))), 421)
  assert.equal(statusOf(await exchange(fixture, upgrade('a.test.', 'websocket'))), 400)
  const other = get('b.test', '/', 'Upgrade: h2c\r\n')
  assert.match(await exchange(fixture, other, { serverName: 'b.test' }), /plain b/)
})
