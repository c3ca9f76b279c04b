import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { startGate } from '../testing.ts'
import {
  accepted,
  addRoute,
  handshake,
  handshakeWithKey,
  host,
  open,
  rawHandshake,
  startRawUpstream,
  startSocketUpstream,
  until,
} from './testing.ts'

test('a Close of ours is never put into the middle of a frame', async (t) => {
  const gate = await startGate(t)
  const half = await startRawUpstream(t, (socket) =>
    socket.write(Buffer.concat([Buffer.from([0x82, 100]), Buffer.alloc(40, 1)])),
  )
  await addRoute(gate, half, open)
  const answer = gate.raw(host, rawHandshake())
  await until(() => accepted.has(half))
  await gate.admin('DELETE', '/api/v1/routes/app')
  const text = await answer
  assert.match(text, /^HTTP\/1\.1 101 /)
  const frames = text.slice(text.indexOf('\r\n\r\n') + 4)
  assert.equal(frames.length, 42)
})

test('an app that dies takes its clients along; one that says goodbye is heard', async (t) => {
  const gate = await startGate(t)
  const upstream = await startSocketUpstream(t, (socket, { url }) => {
    socket.on('message', () => (url?.endsWith('die') === true ? socket.terminate() : socket.close(4001, 'enough')))
  })
  await addRoute(gate, upstream.origin, open)
  const polite = await handshake(t, gate, {})
  polite.socket.send('x')
  assert.deepEqual(await polite.closed(), [4001, 'enough'])
  for (const client of upstream.sockets.clients) client.terminate()
  const other = await handshake(t, gate, {})
  for (const client of upstream.sockets.clients) client.terminate()
  assert.equal((await other.closed())[0], 1006)
  const refused = await startGate(t)
  await addRoute(refused, 'http://127.0.0.1:1', open)
  assert.equal((await handshake(t, refused, {})).status, 502)
})

test('a client that leaves is told to the app', async (t) => {
  const gate = await startGate(t)
  const left: number[] = []
  const upstream = await startSocketUpstream(t, (socket) => socket.on('close', (code) => left.push(code)))
  await addRoute(gate, upstream.origin, open)
  const polite = await handshake(t, gate, {})
  polite.socket.close(4002)
  await until(() => left.length === 1)
  const rude = await handshake(t, gate, {})
  rude.socket.terminate()
  await until(() => left.length === 2)
  assert.deepEqual(left, [4002, 1006])
})

test('attack 11: a client that reads nothing is waited for with bounded memory, and loses nothing', async (t) => {
  const gate = await startGate(t)
  const total = 32 * 1024 * 1024
  const piece = Buffer.alloc(65_536, 7)
  let written = 0
  let sink: Duplex | undefined
  const origin = await startRawUpstream(t, (socket) => {
    sink = socket
    const more = (): void => {
      while (written < total) {
        written += piece.length
        if (!socket.write(Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]), piece]))) return
      }
    }
    socket.on('drain', more)
    more()
  })
  await addRoute(gate, origin, open)
  const { socket, status } = await handshakeWithKey(t, gate)
  assert.equal(status, 101)
  let before = -1
  while (before !== written) {
    before = written
    for (let turn = 0; turn < 300; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(written < total, `${written} of ${total} bytes were taken for a client that reads nothing`)
  let read = 0
  socket.on('data', (chunk: Buffer) => {
    read += chunk.length
  })
  await until(() => read >= (total / piece.length) * (piece.length + 10))
  sink?.destroy()
})

test('a half-closed connection: what was said before the end arrives, both ways', async (t) => {
  const gate = await startGate(t)
  let heard = ''
  const origin = await startRawUpstream(t, (socket) => {
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString()
    })
    socket.on('end', () => socket.end('last words'))
  })
  await addRoute(gate, origin, open)
  const { socket } = await handshakeWithKey(t, gate)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  socket.end('my last words')
  await once(socket, 'close')
  assert.equal(heard, 'my last words')
  assert.equal(text, 'last words')
})
