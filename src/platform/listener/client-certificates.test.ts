import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect as connectTls, type SecureVersion, type TLSSocket } from 'node:tls'
import { requireAll, testCertificate } from '#platform/testing'
import type { ListenerLimits } from './limits.ts'
import type { ClientCertificate, ServedRequest, ServedResponse, StartedListener } from './listener.ts'
import { ask, type Fixture, get, readAll, startListener, statusOf } from './listener-fixture.ts'

const ada = testCertificate('ada')
const grace = testCertificate('grace')

interface Asking extends Fixture {
  /** Names whose handshake asks. */
  readonly asking: Set<string>
  readonly seen: (ClientCertificate | undefined)[]
}

/** The other hosts answer whose certificate they see; `b.test` asks. */
async function startAsking(
  t: TestContext,
  limits: Partial<ListenerLimits> = {},
  prepare: (listener: StartedListener) => void = () => undefined,
): Promise<Asking> {
  const asking = new Set(['b.test'])
  const seen: (ClientCertificate | undefined)[] = []
  const fixture = await startListener(t, limits, (listener) => {
    listener.clientCertificates((name) => asking.has(name))
    const name = (request: ServedRequest): string => {
      const certificate = listener.clientCertificateOf(request)
      seen.push(certificate)
      return certificate === undefined ? 'nobody' : whose(certificate)
    }
    listener.otherHosts(
      (request, response) => void response.end(name(request)),
      (request, socket) => void socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${name(request)}`),
    )
    prepare(listener)
  })
  return { ...fixture, asking, seen }
}

function whose({ der }: ClientCertificate): string {
  const { raw } = new X509Certificate(Buffer.from(der))
  if (raw.equals(new X509Certificate(ada.cert).raw)) return 'ada'
  return raw.equals(new X509Certificate(grace.cert).raw) ? 'grace' : 'somebody'
}

function open({ listener }: Fixture, servername: string, options: ConnectionOptions = {}): TLSSocket {
  const common = { host: '127.0.0.1', port: listener.httpsPort, servername, rejectUnauthorized: false }
  const socket = connectTls({ ...common, ALPNProtocols: ['http/1.1'], ...options })
  socket.on('error', () => undefined)
  return socket
}

/** The answer's last line. */
async function visit(fixture: Fixture, host: string, options: ConnectionOptions = {}): Promise<string> {
  return bodyOf(await readAll(open(fixture, host, options), get(host)))
}

function bodyOf(answer: string): string {
  return (
    /\b(ada|grace|nobody|somebody)\b/.exec(answer.slice(answer.indexOf('\r\n\r\n')))?.[1] ?? `none: ${statusOf(answer)}`
  )
}

function openSession(t: TestContext, fixture: Fixture, host: string, options: ConnectionOptions = {}) {
  const session = connectHttp2(`https://${host}`, {
    createConnection: () => open(fixture, host, { ALPNProtocols: ['h2'], ...options }),
  })
  session.on('error', () => undefined)
  t.after(() => session.destroy())
  return session
}

test('a host that asks sees the certificate, on HTTP/1.1, HTTP/2 and upgrades; one that does not sees none', async (t) => {
  const fixture = await startAsking(t)
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    assert.equal(await visit(fixture, 'b.test', { ...ada, maxVersion }), 'ada')
    assert.equal(await visit(fixture, 'B.Test', { ...grace, maxVersion }), 'grace')
    assert.equal(await visit(fixture, 'b.test', { maxVersion }), 'nobody')
    assert.equal(await visit(fixture, 'c.test', { ...ada, maxVersion }), 'nobody')
    const asking = openSession(t, fixture, 'b.test', { ...ada, maxVersion })
    assert.equal((await ask(asking, { ':authority': 'b.test' })).body, 'ada')
    const other = openSession(t, fixture, 'c.test', { ...ada, maxVersion })
    assert.equal((await ask(other, { ':authority': 'c.test' })).body, 'nobody')
    const upgrade = 'GET / HTTP/1.1\r\nHost: b.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    assert.match(await readAll(open(fixture, 'b.test', { ...ada, maxVersion }), upgrade), / 101 [\s\S]*ada/)
  }
})

test('what is remembered by a certificate holds for its connection and no other', async (t) => {
  const fixture = await startAsking(t)
  const session = openSession(t, fixture, 'b.test', ada)
  await ask(session, { ':authority': 'b.test' })
  await ask(session, { ':authority': 'b.test' })
  await visit(fixture, 'b.test', ada)
  const [first, second, third] = fixture.seen
  assert.ok(first !== undefined && first === second)
  assert.notEqual(first, third)
})

test('attack: SNI and Host must be one also between hosts that ask and hosts that do not', async (t) => {
  const fixture = await startAsking(t)
  for (const [sni, host] of [
    ['b.test', 'c.test'],
    ['c.test', 'b.test'],
  ] as const) {
    assert.equal(statusOf(await readAll(open(fixture, sni, ada), get(host))), 421)
    // HTTP/2 connections are coalesced by browsers when one certificate holds for both names, as here
    const session = openSession(t, fixture, sni, ada)
    assert.equal((await ask(session, { ':authority': host })).status, 421)
    assert.equal((await ask(session, { ':authority': sni })).status, 200)
  }
  assert.equal(fixture.seen.length, 2)
})

/** Connects with a full handshake and keeps the ticket. */
async function ticketOf(fixture: Fixture, host: string, options: ConnectionOptions): Promise<Buffer> {
  const socket = open(fixture, host, options)
  const ticket = once(socket, 'session') as Promise<[Buffer]>
  await readAll(socket, get(host))
  const [session] = await ticket
  return session
}

test('attack: a resumed session keeps the certificate, and only that one', async (t) => {
  const fixture = await startAsking(t)
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const session = await ticketOf(fixture, 'b.test', { ...ada, maxVersion })
    const resumed = open(fixture, 'b.test', { maxVersion, session })
    await once(resumed, 'secureConnect')
    assert.ok(resumed.isSessionReused(), maxVersion)
    assert.equal(bodyOf(await readAll(resumed, get('b.test'))), 'ada', maxVersion)
    // whoever resumes is whoever made the session, whatever certificate is offered along
    assert.equal(await visit(fixture, 'b.test', { ...grace, maxVersion, session }), 'ada', maxVersion)
    const without = await ticketOf(fixture, 'b.test', { maxVersion })
    assert.equal(await visit(fixture, 'b.test', { ...ada, maxVersion, session: without }), 'nobody', maxVersion)
  }
})

test('a resumed TLS 1.2 session is held to the name it comes with now', async (t) => {
  const fixture = await startAsking(t)
  for (const host of ['b.test', 'c.test']) {
    const session = await ticketOf(fixture, host, { ...ada, maxVersion: 'TLSv1.2' })
    const resume = (wanted: string) => readAll(open(fixture, host, { maxVersion: 'TLSv1.2', session }), get(wanted))
    assert.equal(statusOf(await resume(host)), 200)
    assert.equal(statusOf(await resume('a.test')), 421)
  }
})

const withoutOpenssl =
  spawnSync('openssl', ['version']).error === undefined || requireAll()
    ? false
    : 'needs openssl: apt-get install openssl'

/** `openssl s_client`, which resumes under another name where Node's client refuses to. */
async function sClient(fixture: Fixture, host: string, directory: string, ...more: readonly string[]): Promise<string> {
  const child = spawn(
    'openssl',
    [
      's_client',
      '-quiet',
      '-no_ign_eof',
      '-connect',
      `127.0.0.1:${fixture.listener.httpsPort}`,
      '-servername',
      host,
      ...more,
    ],
    { cwd: directory, stdio: ['pipe', 'pipe', 'ignore'] },
  )
  child.stdin.write(get(host))
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(child, 'close')
  return bodyOf(Buffer.concat(chunks).toString('latin1'))
}

test("attack: a ticket of a host that does not ask is no proof at one that does, nor is one that asks' a proof elsewhere", {
  skip: withoutOpenssl,
}, async (t) => {
  const fixture = await startAsking(t)
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-tickets-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, 'ada.pem'), ada.key + ada.cert)
  const as = ['-cert', 'ada.pem', '-key', 'ada.pem']
  for (const version of ['-tls1_2', '-tls1_3']) {
    const [asking, open] = [`asking${version}`, `open${version}`]
    assert.equal(await sClient(fixture, 'b.test', directory, version, ...as, '-sess_out', asking), 'ada')
    assert.equal(await sClient(fixture, 'c.test', directory, version, ...as, '-sess_out', open), 'nobody')
    assert.ok(readFileSync(join(directory, open)).length > 0)
    // the ticket is refused, so the handshake is whole and asks again
    assert.equal(await sClient(fixture, 'b.test', directory, version, ...as, '-sess_in', open), 'ada')
    assert.equal(await sClient(fixture, 'b.test', directory, version, '-sess_in', open), 'nobody')
    assert.equal(await sClient(fixture, 'c.test', directory, version, '-sess_in', asking), 'nobody')
  }
})

test('a host that begins to ask: connections and tickets from before end, the next is asked', async (t) => {
  const fixture = await startAsking(t)
  const session = await ticketOf(fixture, 'c.test', ada)
  const kept = open(fixture, 'c.test', ada)
  kept.write('GET / HTTP/1.1\r\nHost: c.test\r\n\r\n')
  await once(kept, 'data')
  const http2 = openSession(t, fixture, 'c.test', ada)
  assert.equal((await ask(http2, { ':authority': 'c.test' })).body, 'nobody')
  fixture.asking.add('c.test')
  assert.match(await readAll(kept, 'GET / HTTP/1.1\r\nHost: c.test\r\n\r\n'), /connection: close[\s\S]*nobody/i)
  const goaway = once(http2, 'goaway')
  assert.equal((await ask(http2, { ':authority': 'c.test' })).body, 'nobody')
  await goaway
  assert.equal(await visit(fixture, 'c.test', { ...ada, session }), 'ada')
})

test('a host that no longer asks knows no certificates, on connections from before too', async (t) => {
  const fixture = await startAsking(t)
  const session = openSession(t, fixture, 'b.test', ada)
  assert.equal((await ask(session, { ':authority': 'b.test' })).body, 'ada')
  fixture.asking.clear()
  assert.equal((await ask(session, { ':authority': 'b.test' })).body, 'nobody')
  assert.equal(await visit(fixture, 'b.test', ada), 'nobody')
})

test('several may ask, one yes is enough; one that fails closes the connection and is logged', async (t) => {
  const fixture = await startAsking(t, {}, (listener) => {
    listener.clientCertificates((name) => {
      if (name === 'broken.test') throw new Error('planted')
      return name === 'd.test'
    })
  })
  assert.equal(await visit(fixture, 'd.test', ada), 'ada')
  assert.equal(await visit(fixture, 'b.test', ada), 'ada')
  assert.equal(await visit(fixture, 'broken.test', ada), 'none: 0')
  await fixture.log.next(/whether to ask/)
  assert.equal(await visit(fixture, 'b.test', ada), 'ada')
})

test('an answer that fails while nobody waits for it is logged, and requests and handshakes go on', async (t) => {
  let away = false
  const fixture = await startAsking(t, {}, (listener) => {
    listener.clientCertificates(() => (away ? Promise.reject(new Error('planted')) : false))
    listener.clientCertificates((name) => name === 'd.test')
  })
  const session = openSession(t, fixture, 'c.test', ada)
  assert.equal((await ask(session, { ':authority': 'c.test' })).body, 'nobody')
  away = true
  assert.equal((await ask(session, { ':authority': 'c.test' })).body, 'nobody')
  await fixture.log.next(/whether a host asks/)
  assert.equal(await visit(fixture, 'd.test', ada), 'ada', 'another one said yes')
})

test('attack: a chain of 10 MB is refused in the handshake, a long one that is allowed is served', async (t) => {
  const fixture = await startAsking(t)
  const large = testCertificate(...Array.from({ length: 2_500 }, (_, index) => `host-${index}.example.test`))
  const visitWith = (extra: string, maxVersion: SecureVersion) =>
    visit(fixture, 'b.test', { key: ada.key, cert: ada.cert + extra, maxVersion })
  assert.equal(await visitWith(large.cert.repeat(170), 'TLSv1.3'), 'none: 0')
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    assert.equal(await visitWith(large.cert.repeat(2), maxVersion), 'none: 0', maxVersion)
    assert.equal(await visitWith(large.cert, maxVersion), 'ada', maxVersion)
  }
})

test('attack 11: who sends a long chain to be verified is cut, and waits before the next', {
  skip: withoutOpenssl,
}, async (t) => {
  const fixture = await startAsking(t)
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-chain-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const openssl = (command: string): void => {
    execFileSync('openssl', command.split(' '), { cwd: directory, stdio: 'ignore' })
  }
  openssl('ecparam -name prime256v1 -genkey -noout -out key.pem')
  writeFileSync(join(directory, 'ca.ext'), 'basicConstraints=critical,CA:true\n')
  openssl('req -x509 -new -key key.pem -subj /CN=c12 -days 900 -out c12.pem')
  for (let index = 11; index >= 0; index -= 1) {
    openssl(`req -new -key key.pem -subj /CN=c${index} -out request.pem`)
    const signing = `-CA c${index + 1}.pem -CAkey key.pem -set_serial ${index + 1} -days 900 -extfile ca.ext`
    openssl(`x509 -req -in request.pem ${signing} -out c${index}.pem`)
  }
  const key = readFileSync(join(directory, 'key.pem'), 'utf8')
  const chain = (last: number): string =>
    Array.from({ length: last + 1 }, (_, index) => readFileSync(join(directory, `c${index}.pem`), 'utf8')).join('')
  assert.equal(await visit(fixture, 'b.test', { key, cert: chain(8) }), 'somebody')
  assert.equal(await visit(fixture, 'b.test', { key, cert: chain(12) }), 'none: 0')
  assert.equal(await visit(fixture, 'b.test', ada), 'none: 0')
  // hosts that do not ask verify nothing
  assert.equal(await visit(fixture, 'c.test'), 'nobody')
})

/** A client whose first bytes are cut as told, each piece a packet of its own. */
async function openThrough(t: TestContext, fixture: Fixture, cut: (hello: Buffer) => readonly Buffer[], options = {}) {
  const between = createTcpServer({ noDelay: true }, (client) => {
    const server = connectTcp({ host: '127.0.0.1', port: fixture.listener.httpsPort, noDelay: true })
    for (const socket of [client, server]) socket.on('error', () => undefined)
    client.once('data', (hello: Buffer) => void sendSlowly(server, cut(hello)).then(() => client.pipe(server)))
    server.pipe(client)
  }).listen(0, '127.0.0.1')
  await once(between, 'listening')
  t.after(() => between.close())
  const address = between.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return open(fixture, 'b.test', { ...ada, port, ...options })
}

async function sendSlowly(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('a hello in many packets or records is read whole', async (t) => {
  const fixture = await startAsking(t)
  const pieces = (bytes: Buffer, size: number): Buffer[] =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    )
  const records = (hello: Buffer): Buffer[] =>
    pieces(hello.subarray(5), 300).map((each) =>
      Buffer.concat([Buffer.from([22, 3, 1, each.length >> 8, each.length & 255]), each]),
    )
  for (const cut of [(hello: Buffer) => pieces(hello, 1), (hello: Buffer) => pieces(hello, 500), records]) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const socket = await openThrough(t, fixture, cut, { maxVersion })
      assert.equal(bodyOf(await readAll(socket, get('b.test'))), 'ada')
    }
  }
})

test('attack 11: a hello that does not end is closed, by its bytes or by the time', async (t) => {
  const fixture = await startAsking(t, { handshakeMs: 1_000 })
  const raw = (): Socket =>
    connectTcp({ host: '127.0.0.1', port: fixture.listener.httpsPort }).on('error', () => undefined)
  const endless = raw()
  const closed = readAll(endless)
  // a hello of 16 MB, in records as large as they may be
  const record = Buffer.from([22, 3, 1, 0x40, 0])
  endless.write(Buffer.concat([record, Buffer.from([1, 0xff, 0xff, 0xff]), Buffer.alloc(16_380)]))
  endless.write(Buffer.concat([record, Buffer.alloc(16_384)]))
  assert.equal(await closed, '')
  for (const bytes of ['', Buffer.from([22, 3, 1, 2, 0, 1, 0, 1])]) assert.equal(await readAll(raw(), bytes), '')
  // the limit spans hello and handshake: one that stops in between is closed as well
  const hello = await helloTo(fixture)
  const stopped = raw()
  const answered = readAll(stopped, hello)
  assert.notEqual(await answered, '')
  assert.equal(await visit(fixture, 'b.test', ada), 'ada')
})

async function helloTo(fixture: Fixture): Promise<Buffer> {
  const sink = createTcpServer().listen(0, '127.0.0.1')
  await once(sink, 'listening')
  const address = sink.address()
  const client = open(fixture, 'b.test', { port: typeof address === 'object' && address !== null ? address.port : 0 })
  const [socket] = (await once(sink, 'connection')) as [Socket]
  const [hello] = (await once(socket, 'data')) as [Buffer]
  for (const each of [client, socket]) each.destroy()
  sink.close()
  return hello
}

test('a connection counts from its acceptance, so silence does not get around the limits', async (t) => {
  const fixture = await startAsking(t, { connectionsPerNetwork: 2 })
  const silent = [0, 1].map(() => connectTcp({ host: '127.0.0.1', port: fixture.listener.httpsPort }))
  await Promise.all(silent.map((socket) => once(socket, 'connect')))
  assert.equal(await visit(fixture, 'b.test', ada), 'none: 0')
  for (const socket of silent) socket.destroy()
})

test('a drain lets answers of hosts that ask end, and closes who has said nothing yet', async (t) => {
  const waiting: ServedResponse[] = []
  const fixture = await startAsking(t, {}, (listener) => {
    listener.host('b.test', (_request, response) => void waiting.push(response))
  })
  const silent = connectTcp({ host: '127.0.0.1', port: fixture.listener.httpsPort })
  await once(silent, 'connect')
  const http1 = readAll(open(fixture, 'b.test', ada), get('b.test'))
  const session = openSession(t, fixture, 'b.test', ada)
  const http2 = ask(session, { ':authority': 'b.test' })
  while (waiting.length < 2) await new Promise((resolve) => setImmediate(resolve))
  const goaway = once(session, 'goaway')
  const stopped = fixture.listener.stop({ graceMs: 60_000 })
  await Promise.all([goaway, readAll(silent)])
  for (const response of waiting) response.end()
  assert.equal(statusOf(await http1), 200)
  assert.equal((await http2).status, 200)
  await stopped
})

test('curl proves itself', {
  skip:
    spawnSync('curl', ['--version']).error === undefined || requireAll() ? false : 'needs curl: apt-get install curl',
}, async (t) => {
  const fixture = await startAsking(t)
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-curl-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, 'ada.pem'), ada.key + ada.cert)
  const { httpsPort } = fixture.listener
  const curl = (...more: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const args = ['-sk', '--resolve', `b.test:${httpsPort}:127.0.0.1`, ...more, `https://b.test:${httpsPort}/`]
      execFile('curl', args, { cwd: directory }, (error, out) => (error === null ? resolve(out) : reject(error)))
    })
  assert.equal(await curl('--cert', 'ada.pem'), 'ada')
  assert.equal(await curl('--http1.1', '--tls-max', '1.2', '--cert', 'ada.pem'), 'ada')
  assert.equal(await curl(), 'nobody')
})
