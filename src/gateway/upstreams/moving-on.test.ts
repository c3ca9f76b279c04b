import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import { openHttp2, startGate, startUpstream } from '../testing.ts'
import { onRequest, startRaw } from './testing.ts'

const host = 'app.localhost'
const access = { kind: 'public', reason: 'a test of several upstreams' }
const nobody = 'http://127.0.0.1:1'

const broken: readonly (readonly [name: string, serve: (socket: Socket) => void])[] = [
  ['closes at once', onRequest((socket) => socket.end())],
  ['resets', onRequest((socket) => socket.resetAndDestroy())],
  ['speaks no HTTP', onRequest('SSH-2.0-OpenSSH\r\n\r\n')],
  ['sends interim answers without end', onRequest('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100))],
]

test('a request that may be repeated goes on to another upstream, whatever breaks the first', async (t) => {
  const gate = await startGate(t)
  const well = await startUpstream(t)
  for (const [at, [name, serve]] of broken.entries()) {
    const seen: string[] = []
    const bad = await startRaw(t, (socket) => {
      socket.once('data', (bytes: Buffer) => seen.push(bytes.toString().split(' ', 1)[0] ?? ''))
      serve(socket)
    })
    const own = `app-${at}.localhost`
    await gate.addRoute({ name: `app-${at}`, host: own, upstreams: [bad, well.origin], access })
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      const answer = await gate.ask({ host: own, method })
      assert.equal(answer.status, 200, `${name}, ${method}`)
      // the well one has its turn too, so that the next request meets the broken one again
      assert.equal((await gate.ask({ host: own })).status, 200)
    }
    // one of them met the broken one first, each once
    assert.ok(seen.length >= 1 && seen.length <= 3, `${name}: ${seen.join(' ')}`)
  }
})

test('what the app may have done is not asked for twice: a request with effect fails where it failed', async (t) => {
  const gate = await startGate(t)
  const well = await startUpstream(t)
  const bad = await startRaw(
    t,
    onRequest((socket) => socket.end()),
  )
  await gate.addRoute({ name: 'app', host, upstreams: [bad, well.origin], access })
  let failed = 0
  for (const [method, body] of [
    ['POST', 'x'],
    ['PUT', undefined],
    ['DELETE', undefined],
    ['PATCH', 'x'],
    ['GET', 'a body'],
  ] as const) {
    const statuses: number[] = []
    // whoever is first in turn is not the test's affair
    for (let more = 0; more < 2; more += 1) {
      const headers = body === undefined ? {} : { 'content-length': String(body.length) }
      statuses.push((await gate.ask({ host, method, headers, ...(body === undefined ? {} : { body }) })).status)
    }
    const seen = well.seen.filter((one) => one.method === method).length
    failed += statuses.filter((status) => status === 502).length
    assert.equal(statuses.filter((status) => status === 200).length, seen, method)
    assert.ok(
      statuses.every((status) => status === 200 || status === 502),
      `${method}: ${statuses.join(' ')}`,
    )
  }
  // three in a row, and then it rests
  assert.equal(failed, 3)
  assert.ok(gate.log.entries.some((entry) => JSON.stringify(entry).includes(`"upstream":"${bad}"`)))
})

test('what was never sent was never seen: a request with a body goes on from an upstream that takes no connection', async (t) => {
  const gate = await startGate(t)
  const well = await startUpstream(t, (request, response) => void request.pipe(response))
  await gate.addRoute({ name: 'app', host, upstreams: [nobody, well.origin], access })
  const body = 'b'.repeat(300_000)
  const plain = await gate.ask({ host, method: 'POST', body })
  assert.deepEqual([plain.status, plain.body === body], [200, true])
  gate.clock.advance(120_000)
  await gate.ask({ host, method: 'POST', body: 'x' })
  const stream = openHttp2(t, gate, host).request({ ':path': '/', ':method': 'POST' })
  stream.end(body)
  let echoed = ''
  for await (const chunk of stream) echoed += String(chunk)
  assert.equal(echoed, body)
  const rests = gate.log.entries.filter((entry) => JSON.stringify(entry).includes('an upstream rests'))
  assert.ok(rests.length >= 1)
})

test('an app that begins every answer and ends none rests after the third; who left by themselves do not count', async (t) => {
  const gate = await startGate(t)
  const well = await startUpstream(t)
  let begun = 0
  const half = await startRaw(
    t,
    onRequest((socket) => {
      begun += 1
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'half'.repeat(1_000)}`)
      if (begun > 5) setImmediate(() => socket.resetAndDestroy())
    }),
  )
  await gate.addRoute({ name: 'app', host, upstreams: [half], access })
  const broken = async (): Promise<void> => {
    const client = connect({ host: '127.0.0.1', port: gate.port, servername: host, rejectUnauthorized: false })
    client.on('error', () => undefined)
    client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    await once(client, 'data')
    if (begun <= 5) client.destroy()
    if (!client.closed) await once(client, 'close')
  }
  for (let count = 0; count < 5; count += 1) await broken()
  await gate.admin('PATCH', '/api/v1/routes/app', { upstreams: [half, well.origin] })
  const rests = () => gate.log.entries.filter(({ message }) => message.startsWith('an upstream rests'))
  assert.deepEqual(rests(), [])
  while (begun < 8) await broken().catch(() => undefined)
  while (rests().length === 0) await new Promise(setImmediate)
  const before = begun
  for (let count = 0; count < 4; count += 1) assert.equal((await gate.ask({ host })).body, 'hello')
  assert.equal(begun, before)
})

test('after a byte was answered nothing is repeated, and what is late is not asked elsewhere', async (t) => {
  const gate = await startGate(t)
  let asked = 0
  const half = await startRaw(
    t,
    onRequest((socket) => {
      asked += 1
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf', () =>
        setImmediate(() => socket.resetAndDestroy()),
      )
    }),
  )
  const late = await startRaw(
    t,
    onRequest(() => {
      asked += 1
    }),
  )
  const twice = (origin: string) => [origin, origin.replace('127.0.0.1', 'localhost')]
  await gate.addRoute({ name: 'half', host, upstreams: twice(half), access })
  await assert.rejects(gate.ask({ host }), /aborted|hang up|ECONNRESET/)
  assert.equal(asked, 1)
  const own = 'late.localhost'
  await gate.addRoute({ name: 'late', host: own, upstreams: twice(late), access, timeouts: { headersMs: 2_000 } })
  assert.equal((await gate.ask({ host: own })).status, 504)
  assert.equal(asked, 2)
})

test('WebSockets and streams of events go around what is broken, and count as carried', async (t) => {
  const gate = await startGate(t)
  const apps = await Promise.all(
    [1, 2].map(async () => {
      const app = await startUpstream(t, (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('data: 1\n\n')
      })
      const sockets = new WebSocketServer({ server: app.server })
      sockets.on('connection', (socket) => socket.send('hello'))
      t.after(() => {
        for (const socket of sockets.clients) socket.terminate()
      })
      return { ...app, sockets }
    }),
  )
  await gate.addRoute({ name: 'app', host, upstreams: [nobody, ...apps.map(({ origin }) => origin)], access })
  const open = Array.from({ length: 6 }, () => {
    const socket = new WebSocket(`wss://127.0.0.1:${gate.port}/`, {
      servername: host,
      rejectUnauthorized: false,
      headers: { host: `${host}:${gate.port}` },
    } as WebSocket.ClientOptions)
    t.after(() => socket.terminate())
    return once(socket, 'message')
  })
  await Promise.all(open)
  assert.deepEqual(
    apps.map(({ sockets }) => sockets.clients.size),
    [3, 3],
  )
  const stream = openHttp2(t, gate, host).request({ ':path': '/events' })
  const [first] = (await once(stream, 'data')) as [Buffer]
  assert.match(first.toString(), /data: 1/)
})

test('a dead app behind two addresses is not hit twice as hard: what moves on is bounded', async (t) => {
  const gate = await startGate(t)
  let hits = 0
  const bad = await startRaw(
    t,
    onRequest((socket) => {
      hits += 1
      socket.end()
    }),
  )
  const upstreams = [bad, bad.replace('127.0.0.1', 'localhost')]
  await gate.addRoute({ name: 'app', host, upstreams, access, balance: { retries: 3 } })
  const asked = 60
  for (let more = 0; more < asked; more += 1) assert.equal((await gate.ask({ host })).status, 502)
  assert.ok(hits <= asked * 1.1 + 10, String(hits))
})
