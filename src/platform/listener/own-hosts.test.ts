import assert from 'node:assert/strict'
import { connect as connectTcp, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import {
  ask,
  exchange,
  exchangePlain,
  type Fixture,
  get,
  openHttp2,
  openTls,
  readAll,
  startListener,
  statusOf,
} from './listener-fixture.ts'

type Judge = (address: string) => boolean | Promise<boolean>

/** `a.test` is Gatehouse's own; `b.test` an app's. */
function start(t: TestContext, judge: Judge, trusted: readonly string[] = []): Promise<Fixture> {
  return startListener(
    t,
    {},
    (listener) => {
      listener.ownHostsFrom(judge)
      listener.plain('/crl/', (_request, response) => void response.end('list'))
      listener.otherHosts(
        (_request, response) => void response.end('app'),
        (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
        (host) => host === 'b.test',
      )
    },
    '127.0.0.1:0',
    trusted,
  )
}

/** The bytes a server sends back to a ClientHello for this name. */
async function helloTo(fixture: Fixture, name: string): Promise<string> {
  const recorded = connectTcp({ host: '127.0.0.1', port: fixture.listener.httpsPort })
  recorded.on('error', () => undefined)
  const hello = await clientHello(name)
  return Buffer.from(await readAll(recorded, hello), 'latin1').toString('hex')
}

/** What Node's client says first, caught by a server that says nothing. */
function clientHello(name: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.once('data', (bytes) => {
        socket.destroy()
        server.close()
        resolve(bytes)
      })
    }).listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const fixture = { listener: { httpsPort: port } } as Fixture
      openTls(fixture, { serverName: name })
    })
  })
}

for (const [words, outside] of [
  ['at once', () => false],
  ['after a look', () => Promise.resolve(false)],
  ['with a failure', () => Promise.reject(new Error('the database is away'))],
  [
    'by throwing',
    () => {
      throw new Error('no room knows networks')
    },
  ],
] as const) {
  test(`from outside, answered ${words}, an own host is byte for byte a name that is not served`, async (t) => {
    const fixture = await start(t, outside)
    const unknown = await helloTo(fixture, 'a.unknown')
    assert.equal(unknown, '15030300020228')
    assert.equal(await helloTo(fixture, 'a.test'), unknown)
    assert.equal(await exchange(fixture, get('a.test', '/healthz')), '')
    assert.match(await exchange(fixture, get('b.test'), { serverName: 'b.test' }), /app/)
    // in the connection of an app nothing of it can be had either
    assert.equal(statusOf(await exchange(fixture, get('a.test'), { serverName: 'b.test' })), 421)
    const session = openHttp2(t, fixture, 'b.test')
    assert.equal((await ask(session, { ':authority': 'a.test' })).status, 421)
    const plain = await exchangePlain(fixture, get('a.test'))
    assert.equal(
      plain.replace(/^date: .*$/im, ''),
      (await exchangePlain(fixture, get('x.test'))).replace(/^date: .*$/im, ''),
    )
    assert.equal(statusOf(await exchangePlain(fixture, get('b.test'))), 308)
    assert.match(await exchangePlain(fixture, get('a.test', '/crl/x')), /list/)
  })
}

test('from inside everything is answered, and an end of being inside counts on open connections', async (t) => {
  let inside = true
  const fixture = await start(t, () => inside)
  assert.equal(statusOf(await exchange(fixture, get('a.test'))), 200)
  assert.equal(statusOf(await exchangePlain(fixture, get('a.test'))), 308)
  const session = openHttp2(t, fixture)
  assert.equal((await ask(session, { ':authority': 'a.test' })).status, 200)
  inside = false
  assert.equal((await ask(session, { ':authority': 'a.test' })).status, 421)
})

test('attack 3: through a trusted proxy the client counts, and what it says of itself does not', async (t) => {
  const fixture = await start(t, (address) => address === '10.1.2.3', ['127.0.0.1'])
  const asked = async (path: string, forwarded: string | undefined): Promise<number> =>
    statusOf(
      await exchange(fixture, get('a.test', path, forwarded === undefined ? '' : `X-Forwarded-For: ${forwarded}\r\n`)),
    )
  assert.equal(await asked('/', '10.1.2.3'), 200)
  assert.equal(await asked('/', '192.0.2.9'), 421)
  assert.equal(await asked('/', '10.1.2.3, 192.0.2.9'), 421)
  assert.equal(await asked('/healthz', '192.0.2.9'), 421)
  assert.equal(await asked('/', undefined), 400)
  // the proxy's own question after health
  assert.equal(await asked('/healthz', undefined), 200)
  assert.equal(await asked('/healthz/', undefined), 400)
  const redirected = async (lines: string): Promise<number> =>
    statusOf(await exchangePlain(fixture, get('a.test', '/', lines)))
  assert.equal(await redirected('X-Forwarded-For: 10.1.2.3\r\n'), 308)
  for (const outside of ['192.0.2.9', '10.1.2.3, 192.0.2.9', '127.0.0.1', 'unknown']) {
    assert.equal(await redirected(`X-Forwarded-For: ${outside}\r\n`), 421, outside)
  }
  assert.equal(await redirected(''), 421)
})

test('attack 3: on plain HTTP a proxy inside brings nobody with it', async (t) => {
  const fixture = await start(t, (address) => address === '127.0.0.1', ['127.0.0.1'])
  assert.equal(statusOf(await exchangePlain(fixture, get('a.test', '/', 'X-Forwarded-For: 192.0.2.9\r\n'))), 421)
})

test('attack 3: without trusted proxies no header brings anybody inside', async (t) => {
  const fixture = await start(t, (address) => address === '10.1.2.3')
  for (const header of ['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'CF-Connecting-IP', 'True-Client-IP']) {
    const value = header === 'Forwarded' ? 'for=10.1.2.3' : '10.1.2.3'
    assert.equal(await exchange(fixture, get('a.test', '/', `${header}: ${value}\r\n`)), '', header)
  }
})

test('from outside a WebSocket finds nothing either', async (t) => {
  const fixture = await start(t, () => false, ['127.0.0.1'])
  const upgrade = (host: string): string =>
    `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n`
  assert.equal(statusOf(await exchange(fixture, upgrade('a.test'))), 421)
  assert.equal(statusOf(await exchange(fixture, upgrade('b.test'), { serverName: 'b.test' })), 101)
})
