import assert from 'node:assert/strict'
import { connect as connectTcp } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
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

test("HTTP/1.1 and HTTP/2 reach the same host, in any case and with any port, with the peer's address", async (t) => {
  const fixture = await startListener(t)
  for (const host of ['a.test', 'A.Test', 'a.test:8443']) {
    assert.match(await exchange(fixture, get(host, '/x?y=1')), /\r\n\r\n(.*\r\n)?a 1\.1 GET \/x\?y=1 127\.0\.0\.1/)
    const answer = await ask(openHttp2(t, fixture), { ':authority': host, ':path': '/x?y=1' })
    assert.deepEqual(answer, { status: 200, body: 'a 2.0 GET /x?y=1 127.0.0.1' })
  }
  assert.match(await exchange(fixture, get('a.test'), { serverName: 'A.TEST' }), / 200 /)
})

const withoutIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === '::1')
  ? false
  : 'needs IPv6'

test('attack 12: on a dual-stack socket an IPv4 peer has its IPv4 address', { skip: withoutIpv6 }, async (t) => {
  const fixture = await startListener(t, {}, undefined, '[::]:0')
  assert.match(await exchange(fixture, get('a.test')), /a 1\.1 GET \/ 127\.0\.0\.1/)
  assert.equal((await ask(openHttp2(t, fixture), { ':authority': 'a.test' })).body, 'a 2.0 GET / 127.0.0.1')
})

test('attack 13: a host that is not exactly one canonical name is 400, on both protocols', async (t) => {
  const fixture = await startListener(t)
  for (const host of [
    'a.test.',
    'a.test.:443',
    'x@a.test',
    'a.test b',
    'a.test,b.test',
    '',
    'a\u00e4.test',
    'a.test:x',
  ]) {
    assert.equal(statusOf(await exchange(fixture, get(host))), 400, host)
  }
  for (const headers of ['Host: a.test\r\nHost: a.test', 'Host: a.test\r\nhOST: b.test', 'X-Host: a.test']) {
    const request = `GET / HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`
    assert.equal(statusOf(await exchange(fixture, request)), 400, headers)
  }
  assert.equal(statusOf(await exchange(fixture, 'GET / HTTP/1.0\r\n\r\n')), 400)
  const session = openHttp2(t, fixture)
  for (const authority of ['a.test.', 'a.test:x', 'a..test']) {
    assert.equal((await ask(session, { ':authority': authority })).status, 400, authority)
  }
  // refused one layer below: the stream is reset
  for (const authority of ['x@a.test', 'a.test b']) {
    assert.equal((await ask(session, { ':authority': authority })).status, 0, authority)
  }
  assert.equal((await ask(session, { ':authority': 'a.test', host: 'b.test' })).status, 400)
  assert.equal((await ask(session, { ':authority': 'a.test', host: 'a.test' })).status, 200)
  assert.equal((await ask(session, { ':authority': 'a.test', ':scheme': 'http' })).status, 400)
  assert.equal((await ask(session, { ':authority': 'a.test', ':path': '*', ':method': 'OPTIONS' })).status, 400)
})

test('an absolute-form target must name the same host, and is handed on in origin form', async (t) => {
  const fixture = await startListener(t)
  for (const [target, path] of [
    ['https://a.test/x?y', '/x?y'],
    ['HTTPS://A.test:8443/x', '/x'],
    ['https://a.test', '/'],
    ['https://a.test?q', '/?q'],
  ] as const) {
    assert.ok((await exchange(fixture, get('a.test', target))).includes(`GET ${path} 127`), target)
  }
  for (const target of [
    'https://b.test/',
    'http://a.test/',
    'ldaps://a.test/',
    'https://x@a.test/',
    'https://a.test.',
    'ftp://a.test/',
    'x',
    '*',
  ]) {
    assert.equal(statusOf(await exchange(fixture, get('a.test', target))), 400, target)
  }
})

test('SNI and Host must be one: else 421, and no handler is asked', async (t) => {
  const asked: string[] = []
  const fixture = await startListener(t, {}, (listener) => {
    listener.otherHosts((request, response) => {
      asked.push(String(request.headers.host ?? request.headers[':authority']))
      response.end('other')
    })
  })
  assert.equal(statusOf(await exchange(fixture, get('b.test'))), 421)
  assert.equal(statusOf(await exchange(fixture, get('a.test'), { serverName: 'b.test' })), 421)
  assert.equal((await ask(openHttp2(t, fixture), { ':authority': 'b.test' })).status, 421)
  assert.deepEqual(asked, [])
  assert.equal(statusOf(await exchange(fixture, get('b.test'), { serverName: 'b.test' })), 200)
  assert.equal((await ask(openHttp2(t, fixture, 'c.test'), { ':authority': 'c.test' })).body, 'other')
  assert.deepEqual(asked, ['b.test', 'c.test'])
})

test('a resumed session is held to the name it comes with now', async (t) => {
  const fixture = await startListener(t, {}, (listener) =>
    listener.otherHosts((_request, response) => void response.end('other')),
  )
  const first = openTls(fixture)
  const ticket = new Promise<Buffer>((resolve) => first.once('session', resolve))
  await readAll(first, get('a.test'))
  const resume = async (servername: string, host: string): Promise<number> => {
    const { httpsPort: port } = fixture.listener
    const session = await ticket
    const socket = connectTls({ host: '127.0.0.1', port, servername, session, rejectUnauthorized: false })
    socket.on('error', () => undefined)
    return statusOf(await readAll(socket, get(host)))
  }
  assert.equal(await resume('a.test', 'a.test'), 200)
  assert.equal(await resume('b.test', 'a.test'), 421)
  assert.equal(await resume('a.test', 'b.test'), 421)
})

test('a host nobody handles is 421 while there is a certificate', async (t) => {
  const fixture = await startListener(t)
  assert.equal(statusOf(await exchange(fixture, get('b.test'), { serverName: 'b.test' })), 421)
})

test('no certificate, no name, a source that fails: the handshake is refused and the failure logged', async (t) => {
  const fixture = await startListener(t)
  for (const serverName of ['a.example', '', 'broken.test', 'a.test.', 'a..test']) {
    assert.equal(await exchange(fixture, get('a.test'), { serverName }), '', serverName)
  }
  const { fields } = await fixture.log.next(/certificate source failed/)
  assert.equal(fields['serverName'], 'broken.test')
  assert.match(await fixture.metrics.text(), /refused_total\{code="unknown-server-name"\} [2-9]/)
  assert.equal(statusOf(await exchange(fixture, get('a.test'))), 200)
})

test('TLS 1.1 is refused; 1.2 has forward-secret AEAD suites only; 1.3 is preferred', async (t) => {
  const fixture = await startListener(t)
  const offer = (options: object): Promise<string> =>
    new Promise((resolve) => {
      const { httpsPort: port } = fixture.listener
      const socket = connectTls({
        host: '127.0.0.1',
        port,
        servername: 'a.test',
        rejectUnauthorized: false,
        ...options,
      })
      socket.once('secureConnect', () => {
        resolve(`${socket.getProtocol()} ${socket.getCipher().name}`)
        socket.destroy()
      })
      socket.once('error', (error: Error & { code?: string }) => resolve(`refused ${error.code}`))
    })
  const weak = { minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }
  assert.match(await offer({ ...weak, maxVersion: 'TLSv1.1' }), /^refused/)
  assert.match(await offer({}), /^TLSv1\.3 /)
  assert.match(await offer({ maxVersion: 'TLSv1.2' }), /^TLSv1\.2 ECDHE-ECDSA-AES128-GCM-SHA256$/)
  for (const ciphers of ['AES128-SHA', 'AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384']) {
    assert.match(await offer({ maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` }), /^refused/, ciphers)
  }
})

test('garbage on either port, at any moment, leaves nothing open and stops nothing', async (t) => {
  const fixture = await startListener(t, { handshakeMs: 1_000, headersMs: 1_000, sessionIdleMs: 1_000, checkMs: 100 })
  const { httpsPort, httpPort } = fixture.listener
  const noises = ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\xff\xff\x01', Buffer.alloc(70_000, 0xa5), '\0'.repeat(10)]
  for (const noise of noises) {
    for (const port of [httpsPort, httpPort]) {
      const socket = connectTcp({ host: '127.0.0.1', port })
      socket.on('error', () => undefined)
      const closed = readAll(socket)
      socket.end(noise)
      await closed
    }
    await exchange(fixture, noise)
    await exchange(fixture, `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${String(noise)}`, { alpn: ['h2'] })
  }
  const cut = connectTcp({ host: '127.0.0.1', port: httpsPort }, () => cut.resetAndDestroy())
  await new Promise((resolve) => cut.once('close', resolve))
  assert.equal(statusOf(await exchange(fixture, get('a.test'))), 200)
})

test('attack 10: a request of HTTP/1 that claims another version is refused everywhere and stops nothing', async (t) => {
  const fixture = await startListener(t)
  const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\n'
  const claims = [
    'GET /\r\nHost: a.test\r\n\r\n',
    'GET / HTTP/0.9\r\nHost: a.test\r\n\r\n',
    'GET / HTTP/2.0\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx',
    `GET / HTTP/2.0\r\nHost: a.test\r\n${upgrade}\r\n`,
    `GET / HTTP/0.9\r\nHost: a.test\r\n${upgrade}\r\n`,
    'CONNECT a.test:443 HTTP/2.0\r\nHost: a.test\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    // a coding that HTTP/1.0 does not know: RFC 9112 §6.1
    'POST / HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /second HTTP/1.1\r\nHost: a.test\r\n\r\n',
  ]
  for (const bytes of claims) {
    for (const answer of [
      await exchange(fixture, bytes),
      await exchangePlain(fixture, bytes),
      await readAll(connectTcp(fixture.adminSocket), bytes),
    ]) {
      assert.ok([0, 400, 405, 501, 505].includes(statusOf(answer)), `${JSON.stringify(bytes)}: ${answer.slice(0, 80)}`)
      assert.ok(answer.split('HTTP/1.1 ').length <= 2, `one answer at most: ${answer}`)
    }
  }
  assert.equal(statusOf(await exchange(fixture, get('a.test'))), 200)
})

test('a handler that throws answers 500, is logged without the query, and stops nothing', async (t) => {
  const fixture = await startListener(t, {}, (listener) => {
    listener.otherHosts(() => {
      throw new Error('bug')
    })
  })
  const answer = await exchange(fixture, get('b.test', '/x?token=planted'), { serverName: 'b.test' })
  assert.equal(statusOf(answer), 500)
  assert.ok(!answer.includes('bug'))
  const { fields } = await fixture.log.next(/handler failed/)
  assert.equal(fields['path'], '/x')
  assert.equal(statusOf(await exchange(fixture, get('a.test'))), 200)
})

test('registering twice, or a host that is not canonical, is a bug', async (t) => {
  const { listener } = await startListener(t)
  const handler = (): void => undefined
  assert.throws(() => listener.host('a.test', handler), TypeError)
  assert.throws(() => listener.host('B.test', handler), TypeError)
  listener.otherHosts(handler)
  assert.throws(() => listener.otherHosts(handler), TypeError)
  assert.throws(() => listener.plain('no-slash', handler), TypeError)
})
