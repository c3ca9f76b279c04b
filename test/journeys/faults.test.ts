import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { eachDialect, testCertificate, type Wire, wireTo } from '#platform/testing'
import { ask, askLocally, signInCookie } from '../product/http.ts'
import { cleanUp, newDirectory, type Product, startProduct } from '../product/start.ts'

const app = 'app.localhost'
/** Stands wherever a client could put a secret; no line may hold it. */
const planted = 'hunter2-planted'

type Line = Readonly<Record<string, unknown>>

/** The lines it wrote, as what collects them reads them. */
function linesOf(product: Product, from = 0): readonly Line[] {
  const lines = product.output().slice(from).split('\n')
  return lines.filter((line) => line.startsWith('{') && line.endsWith('}')).map((line) => JSON.parse(line) as Line)
}

/** The first line that holds all of this; lines are a tenth of a second behind. */
async function line(product: Product, from: number, wanted: Line): Promise<Line> {
  for (;;) {
    const found = linesOf(product, from).find((each) =>
      Object.entries(wanted).every(([name, value]) => each[name] === value),
    )
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A TCP server that does as it was told last. */
interface Upstream {
  readonly origin: string
  serve: (socket: Socket) => void
}

async function startUpstream(): Promise<Upstream & { close(): void }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    upstream.serve(socket)
  })
  const upstream = {
    origin: '',
    serve: (socket: Socket) => void socket.destroy(),
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  upstream.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return upstream
}

const answering = (text: string) => (socket: Socket) => void socket.once('data', () => socket.end(text))
const half = 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf'
const noticed = (socket: Socket, then: () => void) => socket.write(half, () => setTimeout(then, 50))

interface Fault {
  readonly name: string
  readonly upstream: (socket: Socket) => void
  /** What the client gets: a problem, or an answer that ends before its end. */
  readonly status: number | 'cut off'
  readonly code: string
}

const refuses = 'refuses connections'
const faults: readonly Fault[] = [
  { name: refuses, upstream: () => undefined, status: 502, code: 'gateway.upstream-unreachable' },
  { name: 'hangs', upstream: () => undefined, status: 504, code: 'gateway.upstream-timeout' },
  {
    name: 'closes without an answer',
    upstream: (socket) => void socket.once('data', () => socket.end()),
    status: 502,
    code: 'gateway.upstream-closed',
  },
  {
    name: 'resets without an answer',
    upstream: (socket) => void socket.once('data', () => socket.resetAndDestroy()),
    status: 502,
    code: 'gateway.upstream-closed',
  },
  {
    name: 'resets in the middle of a body',
    upstream: (socket) => void socket.once('data', () => noticed(socket, () => socket.resetAndDestroy())),
    status: 'cut off',
    code: 'gateway.upstream-closed',
  },
  {
    name: 'ends in the middle of a body',
    upstream: (socket) => void socket.once('data', () => noticed(socket, () => socket.end())),
    status: 'cut off',
    code: 'gateway.upstream-closed',
  },
  {
    name: 'hangs in the middle of a body',
    upstream: (socket) => void socket.once('data', () => socket.write(half)),
    status: 'cut off',
    code: 'gateway.upstream-timeout',
  },
  {
    name: 'sends garbage in the middle of a body',
    upstream: (socket) =>
      void socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n')
        setTimeout(() => socket.write('no length\r\n'), 50)
      }),
    status: 'cut off',
    code: 'gateway.upstream-garbage',
  },
  {
    name: 'sends garbage',
    upstream: answering('SSH-2.0-OpenSSH\r\n\r\n'),
    status: 502,
    code: 'gateway.upstream-garbage',
  },
  {
    name: 'sends headers without end',
    upstream: (socket) =>
      void socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n')
        const more = (): void =>
          void (socket.destroyed || socket.write(`a: ${'y'.repeat(8_000)}\r\n`, () => setImmediate(more)))
        more()
      }),
    status: 502,
    code: 'gateway.upstream-headers-too-large',
  },
  {
    name: 'sends interim answers without end',
    upstream: answering('HTTP/1.1 102 Processing\r\n\r\n'.repeat(17)),
    status: 502,
    code: 'gateway.upstream-garbage',
  },
]

const secretly = {
  authorization: `Bearer ${planted}`,
  cookie: `__Host-gatehouse-app=${planted}; own=${planted}`,
  'x-api-key': planted,
}

describe('faults: each has its answer and its line in the log', { timeout: 240_000 }, () => {
  let product: Product
  let directory: string
  let pem: string
  let upstream: Awaited<ReturnType<typeof startUpstream>>

  function writeConfig(): void {
    const pair = `{ certificate = "${join(directory, 'live.pem')}", key = "${join(directory, 'live.key')}" }`
    writeFileSync(
      join(directory, 'gatehouse.toml'),
      `[listen]\ncertificates = [${pair}]\n[log]\nlevel = "debug"\naccess = true\n`,
    )
  }

  async function addRoute(name: string, to: string, timeouts: object = {}): Promise<void> {
    const access = { kind: 'public', reason: 'a test of faults' }
    const body = JSON.stringify({ name, host: `${name}.localhost`, upstreams: [to], access, timeouts })
    const made = await askLocally(product, '/api/v1/routes', { method: 'POST', body })
    assert.equal(made.status, 201, made.text)
  }

  before(async () => {
    directory = newDirectory()
    const made = testCertificate('gatehouse.localhost', '*.localhost')
    pem = made.cert.trim()
    writeFileSync(join(directory, 'live.key'), made.key)
    writeFileSync(join(directory, 'live.pem'), made.cert)
    chmodSync(join(directory, 'live.key'), 0o600)
    writeConfig()
    product = await startProduct({ directory })
    upstream = await startUpstream()
    await addRoute('app', upstream.origin)
    // a machine that is slow must not be taken for an upstream that hangs
    await addRoute('impatient', upstream.origin, { headersMs: 2_000, bodyMs: 1_000 })
    await addRoute('nobody', 'http://127.0.0.1:1')
  })
  after(async () => {
    upstream.close()
    assert.ok(!product.output().includes(planted), 'a secret stands in the log')
    await cleanUp()
  })

  for (const { name, upstream: serve, status, code } of faults) {
    test(`an upstream that ${name}: ${status}, ${code}`, async () => {
      const from = product.output().length
      upstream.serve = serve
      const route = name === refuses ? 'nobody' : code === 'gateway.upstream-timeout' ? 'impatient' : 'app'
      const asked = ask(product, `/private?token=${planted}`, { host: `${route}.localhost`, headers: secretly })
      const about = { level: 'warn', route, code }
      if (status === 'cut off') {
        await assert.rejects(asked, /aborted|hang up|ECONNRESET/)
        const told = await line(product, from, { ...about, message: 'an answer broke off; the client was cut off' })
        assert.equal(told['upstream'], upstream.origin)
        await line(product, from, { level: 'info', message: 'passed', route, status: 200, cut: true })
        return
      }
      const answer = await asked
      assert.equal(answer.status, status)
      assert.equal(answer.headers['content-type'], 'application/problem+json')
      assert.equal(answer.json['code'], code)
      const { requestId } = answer.json
      const told = await line(product, from, { ...about, message: 'upstream failed', requestId })
      assert.match(String(told['cause']), /\S/)
      await line(product, from, { level: 'info', message: 'refused', route, code, requestId })
    })
  }

  test('a client that goes away before, while and after it is answered ends the request at the upstream', async () => {
    for (const { begins, status } of [
      { begins: false, status: 0 },
      { begins: true, status: 200 },
    ]) {
      const from = product.output().length
      const gone = new Promise<void>((resolve) => {
        upstream.serve = (socket) => {
          socket.on('close', () => resolve())
          socket.once('data', () => {
            if (begins) socket.write(half)
            else client.destroy()
          })
        }
      })
      const client = connect({ host: '127.0.0.1', port: product.port, servername: app, rejectUnauthorized: false })
      client.on('error', () => undefined).once('data', () => client.destroy())
      client.write(`GET /?token=${planted} HTTP/1.1\r\nHost: ${app}\r\n\r\n`)
      await gone
      await line(product, from, { level: 'debug', route: 'app', cause: 'the client went away' })
      await line(product, from, { level: 'info', message: 'passed', route: 'app', status, cut: true })
    }
  })

  test('a client that stops in the middle of its upload leaves the upstream half a body that is never ended', async () => {
    const from = product.output().length
    let read = ''
    const gone = new Promise<void>((resolve) => {
      upstream.serve = (socket) => {
        socket.on('data', (chunk) => {
          read += chunk.toString()
          if (read.includes('half')) client.destroy()
        })
        socket.on('close', () => resolve())
      }
    })
    const client = connect({ host: '127.0.0.1', port: product.port, servername: app, rejectUnauthorized: false })
    client.on('error', () => undefined)
    client.write(`POST / HTTP/1.1\r\nHost: ${app}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`)
    await gone
    assert.doesNotMatch(read, /\r\n0\r\n/)
    await line(product, from, { level: 'debug', route: 'app', cause: 'the client went away' })
  })

  test('a client that sends garbage is refused, and the next one served', async () => {
    const from = product.output().length
    const socket = connect({ host: '127.0.0.1', port: product.port, servername: app, rejectUnauthorized: false })
    socket.on('error', () => undefined)
    socket.write(`\0\0 ${planted}\r\n\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 400 /)
    socket.destroy()
    upstream.serve = answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    assert.equal((await ask(product, `/..%2f?token=${planted}`, { host: app, headers: secretly })).status, 400)
    await line(product, from, { level: 'info', message: 'refused', code: 'gateway.target-ambiguous' })
    assert.equal((await ask(product, '/', { host: app })).text, 'ok')
  })

  test('a certificate file broken at a reload: the one before is served on, and it is said', async () => {
    const shown = async (): Promise<string> => {
      const socket: TLSSocket = connect({
        host: '127.0.0.1',
        port: product.port,
        servername: app,
        rejectUnauthorized: false,
      })
      await once(socket, 'secureConnect')
      const found = socket.getPeerX509Certificate()?.toString() ?? ''
      socket.destroy()
      return found.trim()
    }
    const from = product.output().length
    writeFileSync(join(directory, 'live.pem'), `half of a ${planted}`)
    const reload = await askLocally(product, '/api/v1/configuration/reload', { method: 'POST', body: '{}' })
    assert.equal(reload.status, 200, reload.text)
    assert.equal((reload.json['certificates'] as readonly Line[])[0]?.['state'], 'kept')
    const message = 'a certificate could not be used; the one read before is served on'
    const told = await line(product, from, { level: 'error', message })
    assert.match(JSON.stringify(told['faults']), /live\.pem holds no certificate/)
    assert.equal(await shown(), pem)
  })
})

describe('faults of the database', { timeout: 240_000 }, () => {
  after(cleanUp)
  eachDialect((dialect, open) => {
    // the embedded database cannot be away
    if (dialect === 'sqlite') return
    test('a database that is away: what was verified passes, nothing else does, and both are said', async (t) => {
      const wire = await wireTo(t, await open.place(t))
      await withDatabase(t, wire)
    })
  })
})

async function withDatabase(t: TestContext, wire: Wire): Promise<void> {
  if (wire.place.dialect !== 'postgres') throw new TypeError('only PostgreSQL can be away')
  const product = await startProduct({ environment: { GATEHOUSE_DATABASE_URL: wire.place.url } })
  t.after(() => product.stop('SIGKILL'))
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  upstream.serve = answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const body = JSON.stringify({ name: 'app', host: app, upstreams: [upstream.origin], access: { kind: 'signed-in' } })
  assert.equal((await askLocally(product, '/api/v1/routes', { method: 'POST', body })).status, 201)
  // its certificate is made at the first handshake
  assert.equal((await ask(product, '/', { host: app })).status, 401)
  const from = product.output().length
  await wire.cut()
  await line(product, from, {
    level: 'error',
    message: 'the database is away; what was verified goes on for a while, nothing new begins',
  })
  const headers = { cookie: `__Host-gatehouse-app=${planted.padEnd(43, 'x')}` }
  const answer = await ask(product, `/?token=${planted}`, { host: app, headers })
  assert.equal(answer.status, 503, answer.text)
  assert.equal(answer.json['code'], 'gateway.unavailable')
  const { requestId } = answer.json
  const code = 'gateway.unavailable'
  await line(product, from, { level: 'error', message: 'the gate could not decide', route: 'app', code, requestId })
  await assert.rejects(signInCookie(product, 'alice', planted))
  await wire.mend()
  while (!linesOf(product, from).some(({ message }) => message === 'the database is back')) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.equal((await ask(product, '/', { host: app, headers: { accept: 'application/json' } })).status, 401)
  assert.ok(!product.output().includes(planted), 'a secret stands in the log')
}
