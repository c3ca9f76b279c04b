import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { readHelloName } from './client-hello.ts'

/** What Node's own client sends first. */
async function helloOf(options: object): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const client = connectTls({ host: '127.0.0.1', port, ...options }).on('error', () => undefined)
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return bytes
}

/** The same handshake message in records of `size` bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += size) {
    const fragment = message.subarray(at, at + size)
    records.push(Buffer.from([22, 3, 1, fragment.length >> 8, fragment.length & 255]), fragment)
  }
  return Buffer.concat(records)
}

function extension(type: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type >> 8, type & 255, content.length >> 8, content.length & 255]), content])
}

function serverName(name: string | Buffer, type = 0): Buffer {
  const bytes = Buffer.from(name)
  const entry = Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 255]), bytes])
  return Buffer.concat([Buffer.from([entry.length >> 8, entry.length & 255]), entry])
}

function hello(...extensions: readonly Buffer[]): Buffer {
  const content = Buffer.concat(extensions)
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    randomBytes(32),
    Buffer.from([0, 0, 2, 0x13, 1, 1, 0, content.length >> 8, content.length & 255]),
    content,
  ])
  const message = Buffer.concat([Buffer.from([1, 0, body.length >> 8, body.length & 255]), body])
  return Buffer.concat([Buffer.from([22, 3, 1, message.length >> 8, message.length & 255]), message])
}

test("a real client's hello gives its name at its last byte and not before, however it is cut", async () => {
  for (const options of [{ servername: 'a.test' }, { servername: 'a.test', maxVersion: 'TLSv1.2' }]) {
    const whole = await helloOf(options)
    for (const [size, step] of [
      [whole.length, 1],
      [100, 1],
      [7, 11],
      [1, 97],
    ] as const) {
      const bytes = inRecords(whole, size)
      for (let end = 0; end < bytes.length; end += step) {
        assert.equal(readHelloName(bytes.subarray(0, end)), 'more')
      }
      assert.deepEqual(readHelloName(bytes), { serverName: 'a.test' })
      assert.deepEqual(readHelloName(Buffer.concat([bytes, randomBytes(50)])), { serverName: 'a.test' })
    }
  }
  assert.deepEqual(readHelloName(await helloOf({})), { serverName: undefined })
})

test('GREASE and an encrypted hello are stepped over; of the latter the outer name is read', () => {
  const grease = [0x0a0a, 0xfafa].map((type) => extension(type, randomBytes(5)))
  const encrypted = extension(0xfe0d, randomBytes(200))
  const name = extension(0, serverName('a.test'))
  assert.deepEqual(readHelloName(hello(...grease, encrypted, name, ...grease)), { serverName: 'a.test' })
  assert.deepEqual(readHelloName(hello(encrypted)), { serverName: undefined })
  assert.deepEqual(readHelloName(hello()), { serverName: undefined })
})

test('attack: a server name that is not one host name is none', () => {
  const two = Buffer.concat([serverName('a.test').subarray(2), serverName('b.test').subarray(2)])
  const listed = Buffer.concat([Buffer.from([0, two.length]), two])
  const bad = [serverName('a.test', 1), listed, Buffer.alloc(0), Buffer.from([0, 9, 0, 0, 9, 97]), Buffer.from([0, 0])]
  for (const content of bad) {
    assert.deepEqual(readHelloName(hello(extension(0, content))), { serverName: undefined })
  }
  // spelled strangely, it is handed on as it is: the listener's one canonical form decides
  assert.deepEqual(readHelloName(hello(extension(0, serverName(Buffer.from([0x61, 0, 0xe4]))))), {
    serverName: 'a\0\u00e4',
  })
})

test('attack: what is no hello is said to be none, and nothing throws', () => {
  const lie = Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0])
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([22, 3, 1, 0, 0, 22, 3, 1, 0, 0]),
    Buffer.from([22, 3, 1, 0xff, 0xff, 1]),
    Buffer.from([22, 2, 1, 0, 5, 1]),
    Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0]),
    Buffer.from([22, 3, 1, 0, 5, 1, 0, 0, 9, 0, 21, 3, 1, 0, 1, 0]),
    lie,
  ]) {
    assert.deepEqual(readHelloName(bytes), { serverName: undefined }, bytes.toString('hex'))
  }
  const good = hello(extension(0, serverName('a.test')), extension(0x0a0a, randomBytes(30)))
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = Buffer.from(good)
    for (let flips = round % 4; flips >= 0; flips -= 1) {
      bytes[Math.floor(Math.random() * bytes.length)] = Math.floor(Math.random() * 256)
    }
    readHelloName(bytes.subarray(0, 1 + Math.floor(Math.random() * bytes.length)))
  }
})
