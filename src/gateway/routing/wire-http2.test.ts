import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { http2Frame } from '#platform/testing'
import { startGate, startUpstream, type TestGate } from '../testing.ts'

const host = 'app.localhost'

type Fields = readonly (readonly [name: string, value: string])[]

/** RFC 7541 §6.2.2, §5.2: literal, not indexed, not compressed; so any byte may stand in it. */
function block(fields: Fields): Buffer {
  const text = (given: string) => {
    const bytes = Buffer.from(given, 'latin1')
    assert.ok(bytes.length < 127)
    return Buffer.concat([Buffer.from([bytes.length]), bytes])
  }
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
}

/** Frames as they are, which no client library would send; what the first answer to the stream was. */
function answerTo(gate: TestGate, fields: Fields, body?: string): Promise<'headers' | 'reset' | 'closed'> {
  const [headers, data, goAway, reset] = [1, 0, 7, 3]
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port: gate.port,
      servername: host,
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
    })
    const end = (how: 'headers' | 'reset' | 'closed') => {
      resolve(how)
      socket.destroy()
    }
    let bytes = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
        const type = bytes.readUInt8(3)
        bytes = bytes.subarray(9 + bytes.readUIntBE(0, 3))
        if (type === headers) end('headers')
        else if (type === reset || type === goAway) end('reset')
      }
    })
    socket.on('close', () => end('closed'))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') end('closed')
      else reject(error)
    })
    socket.setTimeout(30_000, () => reject(new Error('nothing was answered')))
    socket.on('secureConnect', () => {
      assert.equal(socket.alpnProtocol, 'h2')
      socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
      socket.write(http2Frame(4, 0, 0, Buffer.alloc(0)))
      socket.write(http2Frame(headers, body === undefined ? 5 : 4, 1, block(fields)))
      if (body !== undefined) socket.write(http2Frame(data, 1, 1, Buffer.from(body)))
    })
  })
}

async function start(t: TestContext) {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const access = { kind: 'public', reason: 'a test of raw frames' }
  await gate.addRoute({ name: 'site', host, upstreams: [upstream.origin], access })
  const request = (more: Fields = [], replaced: Readonly<Record<string, string>> = {}): Fields => {
    const own = {
      ':method': 'GET',
      ':scheme': 'https',
      ':authority': `${host}:${gate.port}`,
      ':path': '/',
      ...replaced,
    }
    return [...Object.entries(own), ...more]
  }
  return { gate, upstream, request }
}

const second = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'

test('attack 10, raw frames: nothing in a field of HTTP/2 begins a line, a header or a request at the app', async (t) => {
  const { gate, upstream, request } = await start(t)
  assert.equal(await answerTo(gate, request([['x-fine', 'y']], { ':path': '/fine' })), 'headers')
  assert.deepEqual(
    upstream.seen.map(({ url, headers }) => [url, headers['x-fine']]),
    [['/fine', 'y']],
  )
  const attempts: readonly Fields[] = [
    request([['x-a', 'y\r\nx-injected: y']]),
    request([['x-a', 'y\nx-injected: y']]),
    request([['x-a', 'y\rx-injected: y']]),
    request([['x-a', `y\r\n\r\n${second}`]]),
    request([['x-a\r\nx-injected', 'y']]),
    request([['x-a: y\r\nx-injected', 'y']]),
    request([['x-injected:', 'y']]),
    request([['x-injected ', 'y']]),
    request([[' x-injected', 'y']]),
    request([['X-Injected', 'y']]),
    request([['x-injected\u0000', 'y']]),
    request([['x-a', 'y\u0000x-injected']]),
    request([], { ':path': '/ HTTP/1.1\r\nx-injected: y\r\n\r\n' }),
    request([], { ':path': `/ HTTP/1.1\r\nHost: x\r\n\r\n${second}` }),
    request([], { ':path': '/smuggled HTTP/1.1' }),
    request([], { ':path': '/smuggled\ty' }),
    request([], { ':method': 'GET /smuggled HTTP/1.1\r\nx-injected: y\r\n\r\nGET' }),
    request([], { ':method': 'GET /smuggled' }),
    request([], { ':method': '' }),
    request([], { ':authority': `${host}:${gate.port}\r\nx-injected: y` }),
    request([], { ':authority': `${host}:${gate.port}/smuggled` }),
    request([], { ':scheme': 'https://x/smuggled?' }),
    request([[':path', '/smuggled']]),
    request([
      ['x-a', 'y'],
      [':method', 'PUT'],
    ]),
    request([['connection', 'x-injected']]),
    request([['host', 'x-injected.localhost']]),
  ]
  for (const fields of attempts) {
    await answerTo(gate, fields)
    const seen = JSON.stringify(upstream.seen.slice(1))
    assert.doesNotMatch(seen, /injected|smuggled/i, `${JSON.stringify(fields)}: ${seen}`)
  }
  assert.equal(await answerTo(gate, request([], { ':path': '/fine' })), 'headers')
  assert.equal(upstream.seen.at(-1)?.url, '/fine')
})

test('attack 10, raw frames: HTTP/2 frames a body, whatever its fields say of lengths and codings', async (t) => {
  const { gate, upstream, request } = await start(t)
  const post = (...more: Fields) => request(more, { ':method': 'POST' })
  const attempts: readonly (readonly [Fields, string])[] = [
    [post(['content-length', '0']), second],
    [post(['content-length', '5']), `hello${second}`],
    [post(['content-length', '0'], ['content-length', String(second.length)]), second],
    [post(['content-length', '0x0']), second],
    [post(['content-length', '+0']), second],
    [post(['transfer-encoding', 'chunked']), `0\r\n\r\n${second}`],
    [post(['transfer-encoding', 'chunked'], ['content-length', '5']), `0\r\n\r\n${second}`],
    [post(['transfer_encoding', 'chunked']), `0\r\n\r\n${second}`],
    [post(['te', 'chunked']), `0\r\n\r\n${second}`],
    [request([['content-length', '0']]), second],
    [request(), second],
  ]
  for (const [fields, body] of attempts) {
    await answerTo(gate, fields, body)
    const urls = upstream.seen.map(({ url }) => url)
    assert.ok(!urls.includes('/smuggled'), `${JSON.stringify(fields)}: ${urls.join(' ')}`)
  }
  assert.equal(await answerTo(gate, post(['content-length', '5']), 'whole'), 'headers')
  assert.equal(upstream.seen.at(-1)?.body, 'whole')
})
