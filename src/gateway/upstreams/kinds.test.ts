import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { z } from 'zod'
import { defineRoom, type UpstreamKind } from '#platform'
import { testCertificate } from '#platform/testing'
import { startGate, startUpstream } from '../testing.ts'
import { startRaw } from './testing.ts'

const host = 'app.localhost'
const access = { kind: 'public', reason: 'a test of upstream kinds' }

function temporary(t: TestContext): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'gatehouse-run-')))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function listenAt(t: TestContext, path: string, listener: RequestListener): Promise<Server> {
  const server = createServer(listener)
  server.listen(path)
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return server
}

test('an app on a unix socket is reached, with bodies and WebSockets, and found again where its link leads', async (t) => {
  const run = temporary(t)
  const gate = await startGate(t, { environment: { GATEHOUSE_GATEWAY_SOCKETS: run } })
  const path = join(run, 'app.sock')
  const route = { name: 'app', host, upstreams: [`unix:${path}`], access }
  // before it is there: saved, and answered for
  await gate.addRoute(route)
  const absent = await gate.ask({ host })
  assert.equal(absent.status, 502)
  assert.match(absent.body, /gateway\.upstream-unreachable/)
  const first = await listenAt(t, join(run, 'one.sock'), (request, response) => void request.pipe(response))
  const sockets = new WebSocketServer({ server: first })
  sockets.on('connection', (socket) => socket.send('hello'))
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate()
  })
  symlinkSync('one.sock', path)
  const body = 'b'.repeat(200_000)
  const echoed = await gate.ask({ host, method: 'POST', body })
  assert.deepEqual([echoed.status, echoed.body === body], [200, true])
  const socket = new WebSocket(`wss://127.0.0.1:${gate.port}/`, {
    servername: host,
    rejectUnauthorized: false,
    headers: { host: `${host}:${gate.port}` },
  } as WebSocket.ClientOptions)
  t.after(() => socket.terminate())
  assert.equal(String((await once(socket, 'message'))[0]), 'hello')
  await listenAt(t, join(run, 'two.sock'), (_, response) => response.end('two'))
  symlinkSync('two.sock', join(run, 'next'))
  renameSync(join(run, 'next'), path)
  first.closeAllConnections()
  first.close()
  assert.equal((await gate.ask({ host })).body, 'two')
})

test("no route reaches a socket that the operator did not list, and never Gatehouse's own", async (t) => {
  const run = temporary(t)
  const gate = await startGate(t, { environment: { GATEHOUSE_GATEWAY_SOCKETS: `${run},${tmpdir()}` } })
  const own = join(gate.data, 'admin.sock')
  mkdirSync(join(run, 'apps'))
  symlinkSync(own, join(run, 'link.sock'))
  symlinkSync(gate.data, join(run, 'directory'))
  const refused: readonly (readonly [path: string, words: RegExp])[] = [
    [own, /own data directory/],
    [join(run, 'link.sock'), /own data directory/],
    [join(run, 'directory', 'admin.sock'), /own data directory/],
    ['/run/docker.sock', /\[gateway\] sockets = \[.*, "\/run\/docker\.sock"\]/],
    [`${tmpdir()}x/app.sock`, /lies in none/],
  ]
  for (const [at, [path, words]] of refused.entries()) {
    const wanted = { name: `refused-${at}`, host: `r${at}.localhost`, upstreams: [`unix:${path}`], access }
    const answer = await gate.admin('POST', '/api/v1/routes', wanted)
    assert.equal(answer.status, 422, `${path}: ${answer.body}`)
    assert.match((JSON.parse(answer.body) as { readonly detail: string }).detail, words)
  }
  // a link that is put there afterwards leads there as little
  const later = join(run, 'apps', 'later.sock')
  await gate.addRoute({ name: 'app', host, upstreams: [`unix:${later}`], access })
  symlinkSync(own, later)
  const answer = await gate.ask({ host, path: '/api/v1/accounts' })
  assert.equal(answer.status, 502)
  assert.match(answer.body, /gateway\.upstream-not-allowed/)
  const tested = await gate.admin('POST', '/api/v1/routes/app/test')
  assert.match(tested.body, /gateway\.upstream-not-allowed/)
})

/** A room whose apps listen where `places` says. */
function appsRoom(places: Map<string, string | undefined>, failing: { now: boolean }) {
  const kind: UpstreamKind = {
    scheme: 'app',
    words: 'app:NAME',
    check: async (name) => (places.has(name) ? undefined : `There is no app ${name}.`),
    resolve: (name) => {
      if (failing.now) return Promise.reject(new Error('the database is away'))
      const place = places.get(name)
      return name === 'slow' ? Promise.resolve(place) : place
    },
  }
  return defineRoom({
    name: 'apps',
    config: z.strictObject({}).prefault({}),
    migrations: [],
    errors: {},
    permissions: [],
    needs: {},
    open: async () => ({ face: {}, upstreamKinds: [kind] }),
  })
}

test("another room's scheme leads where the room says, request by request, and nowhere when it cannot say", async (t) => {
  const one = await startUpstream(t, (_, response) => response.end('one'))
  const two = await startUpstream(t, (_, response) => response.end('two'))
  const folder = temporary(t)
  writeFileSync(join(folder, 'index.html'), 'files')
  const places = new Map<string, string | undefined>([
    ['wiki', one.origin],
    ['slow', one.origin],
  ])
  const failing = { now: false }
  const gate = await startGate(t, { rooms: [appsRoom(places, failing)] })
  for (const name of ['wiki', 'slow']) {
    const own = `${name}.localhost`
    const saw = async () => (await gate.ask({ host: own })).body
    places.set(name, one.origin)
    await gate.addRoute({ name, host: own, upstreams: [`app:${name}`], access })
    assert.equal(await saw(), 'one')
    places.set(name, two.origin)
    assert.equal(await saw(), 'two')
    // the room vouches for its own folder
    places.set(name, `folder:${folder}`)
    assert.equal(await saw(), 'files')
    for (const nowhere of [undefined, 'none:', 'app:wiki', 'nonsense']) {
      places.set(name, nowhere)
      const answer = await gate.ask({ host: own })
      assert.equal(answer.status, 502)
      assert.match(answer.body, /gateway\.upstream-unreachable/)
    }
    places.set(name, one.origin)
    failing.now = true
    assert.equal((await gate.ask({ host: own })).status, 502)
    failing.now = false
    assert.equal(await saw(), 'one')
  }
  // what leads nowhere saw nothing: a request with effect goes on from there, too
  await gate.addRoute({ name: 'both', host: 'both.localhost', upstreams: ['app:wiki', two.origin], access })
  places.set('wiki', undefined)
  for (const body of ['x', 'y']) {
    assert.equal((await gate.ask({ host: 'both.localhost', method: 'POST', body })).body, 'two')
  }
  const unknown = await gate.admin('POST', '/api/v1/routes', { name: 'x', host, upstreams: ['app:blog'], access })
  assert.equal(unknown.status, 422)
  assert.match(unknown.body, /There is no app blog/)
  const scheme = await gate.admin('POST', '/api/v1/routes', { name: 'x', host, upstreams: ['box:blog'], access })
  assert.equal(scheme.status, 422)
  assert.match(scheme.body, /known are .*app:NAME/)
})

test('a room cannot answer for a scheme of the gateway', async (t) => {
  const room = defineRoom({
    name: 'apps',
    config: z.strictObject({}).prefault({}),
    migrations: [],
    errors: {},
    permissions: [],
    needs: {},
    open: async () => ({
      face: {},
      upstreamKinds: [{ scheme: 'unix', words: '', check: async () => undefined, resolve: () => undefined }],
    }),
  })
  await assert.rejects(startGate(t, { rooms: [room] }), /no room can answer for unix:/)
})

test('a pinned authority counts alone: not what the system trusts, and not for a certificate of another', async (t) => {
  const shown = testCertificate('localhost')
  const other = testCertificate('localhost')
  const server = createHttpsServer({ key: shown.key, cert: shown.cert }, (_, response) => response.end('pinned'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const gate = await startGate(t)
  const upstreams = [`https://localhost:${(server.address() as AddressInfo).port}`]
  await gate.addRoute({ name: 'app', host, upstreams, access })
  const ask = async (): Promise<readonly [number, string]> => {
    const { status, body } = await gate.ask({ host })
    return [status, /gateway\.[a-z-]+/.exec(body)?.[0] ?? body]
  }
  const pin = (ca: string | null, presentCertificate = false) =>
    gate.admin('PATCH', '/api/v1/routes/app', { balance: { ca }, presentCertificate })
  assert.deepEqual(await ask(), [502, 'gateway.upstream-certificate'])
  assert.equal((await pin(shown.cert)).status, 200)
  assert.deepEqual(await ask(), [200, 'pinned'])
  assert.equal((await pin(other.cert)).status, 200)
  assert.deepEqual(await ask(), [502, 'gateway.upstream-certificate'])
  // beside our own certificate too: what is shown has nothing to do with what is trusted
  assert.equal((await pin(other.cert, true)).status, 200)
  assert.deepEqual(await ask(), [502, 'gateway.upstream-certificate'])
  assert.equal((await pin(shown.cert, true)).status, 200)
  assert.deepEqual(await ask(), [200, 'pinned'])
  assert.equal((await pin(null)).status, 200)
  assert.deepEqual(await ask(), [502, 'gateway.upstream-certificate'])
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a certificate of a trusted authority for another name carries nothing, however often it is asked (${version})`, async (t) => {
    const gate = await startGate(t)
    let asked = 0
    const named = new Set<unknown>()
    const ask = async (address: string, names: readonly string[], more = {}): Promise<readonly string[]> => {
      const { key, cert } = testCertificate(...names)
      const server = createHttpsServer({ key, cert, maxVersion: version }, (_, response) => {
        asked += 1
        response.end('reached')
      })
      server.on('secureConnection', (socket) => {
        // Node does not know the name of a resumed session of TLS 1.2
        if (!socket.isSessionReused()) named.add(socket.servername)
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      t.after(() => {
        server.closeAllConnections()
        server.close()
      })
      const name = `to-${(server.address() as AddressInfo).port}`
      const own = `${name}.localhost`
      const upstreams = [`https://${address}:${(server.address() as AddressInfo).port}`]
      await gate.addRoute({ name, host: own, upstreams, access, balance: { ca: cert }, ...more })
      const answers: string[] = []
      const note = (answer: string) => answers.push(/gateway\.[a-z-]+|reached/.exec(answer)?.[0] ?? answer)
      // a second handshake may resume what the first began, and Node asks a resumed one for no name
      for (let count = 0; count < 3; count += 1) note((await gate.ask({ host: own })).body)
      const framing = 'Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close'
      note(await gate.raw(own, `POST / HTTP/1.1\r\nHost: ${own}\r\n${framing}\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n`))
      const probed = await gate.admin('POST', `/api/v1/routes/${name}/test`)
      note(/"reachable":true/.test(probed.body) ? 'reached' : probed.body)
      return answers
    }
    const of = (word: string) => [word, word, word, word, word]
    const refused = of('gateway.upstream-certificate')
    assert.deepEqual(await ask('localhost', ['elsewhere.localhost']), refused)
    assert.deepEqual(await ask('localhost', [host, 'localhost.example', '*.localhost']), refused)
    assert.deepEqual(await ask('127.0.0.1', ['localhost']), refused, 'a name is not its address')
    assert.deepEqual(await ask('localhost', ['127.0.0.1']), refused, 'an address is not its name')
    assert.deepEqual(await ask('localhost', ['elsewhere.localhost'], { presentCertificate: true }), refused)
    assert.equal(asked, 0)
    named.clear()
    assert.deepEqual(await ask('localhost', ['elsewhere.localhost', 'localhost']), of('reached'))
    assert.deepEqual([...named], ['localhost'], 'nor is the public name told to it')
    named.clear()
    assert.deepEqual(await ask('127.0.0.1', ['127.0.0.1']), of('reached'))
    assert.deepEqual([...named], [false], 'RFC 6066 §3: addresses are not named')
  })
}

test('what cannot be pinned is refused when it is saved', async (t) => {
  const gate = await startGate(t)
  const { key, cert } = testCertificate('localhost')
  const upstreams = ['https://localhost:1']
  const broken = cert.replace(/MI/, 'AA')
  const faults: readonly (readonly [ca: string, upstreams: readonly string[], words: RegExp])[] = [
    ['', upstreams, /no certificate in PEM/],
    ['nonsense', upstreams, /no certificate in PEM/],
    [cert + broken, upstreams, /Certificate 2 cannot be read/],
    [cert + key, upstreams, /private key/],
    [cert.repeat(21), upstreams, /more than 20/],
    [cert, ['http://localhost:1'], /not reached over https/],
    [cert, [...upstreams, 'http://localhost:1'], /not reached over https/],
  ]
  for (const [ca, leads, words] of faults) {
    const wanted = { name: 'app', host, upstreams: leads, access, balance: { ca } }
    const answer = await gate.admin('POST', '/api/v1/routes', wanted)
    assert.equal(answer.status, 422, answer.body)
    assert.match(answer.body, /gateway\.pinned-authority/)
    assert.match(answer.body, words)
    assert.doesNotMatch(answer.body, /BEGIN PRIVATE/)
  }
})

test('a connection to an app that carries nothing is kept as long as its route says', async (t) => {
  const gate = await startGate(t)
  const ask = async (name: string, idleMs: number, said = ''): Promise<Socket> => {
    let kept: Socket | undefined
    const origin = await startRaw(t, (socket) => {
      kept = socket
      socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${said}Content-Length: 2\r\n\r\nok`))
    })
    const own = `${name}.localhost`
    await gate.addRoute({ name, host: own, upstreams: [origin], access, balance: { idleMs } })
    assert.equal((await gate.ask({ host: own })).status, 200)
    return kept ?? assert.fail('nobody connected')
  }
  const long = await ask('long', 600_000)
  // what the app would have kept for an hour counts as little as what it said nothing of
  const shorts = [await ask('short', 1_000), await ask('said', 1_000, 'Keep-Alive: timeout=3600\r\n')]
  for (const short of shorts) {
    if (!short.closed) await once(short, 'close', { signal: AbortSignal.timeout(60_000) })
  }
  assert.ok(!long.closed && !long.readableEnded)
})

test('what an app says of how long it keeps a connection is heeded: nothing is sent where it may be closing by then', async (t) => {
  const gate = await startGate(t)
  const connections = async (name: string, said: string): Promise<number> => {
    let opened = 0
    const origin = await startRaw(t, (socket) => {
      opened += 1
      socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${said}Content-Length: 2\r\n\r\nok`))
    })
    const own = `${name}.localhost`
    await gate.addRoute({ name, host: own, upstreams: [origin], access })
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      assert.equal((await gate.ask({ host: own, method })).status, 200, `${name} ${method}`)
    }
    return opened
  }
  // one that ends within two seconds may end while a request is on its way, which could not be repeated
  assert.equal(await connections('now', 'Keep-Alive: timeout=0\r\n'), 4)
  assert.equal(await connections('soon', 'Keep-Alive: timeout=1\r\n'), 4)
  assert.equal(await connections('odd', 'KEEP-ALIVE: max=100, Timeout=1\r\n'), 4)
  assert.equal(await connections('over', 'Connection: close\r\n'), 4)
  assert.equal(await connections('later', 'Keep-Alive: timeout=600\r\n'), 1)
  assert.equal(await connections('silent', ''), 1)
})
