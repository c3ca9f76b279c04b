import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import type { Actor } from '#kit'
import { revoke } from '#pki/testing'
import { eachDialect, fakeClock, type Place } from '#platform/testing'
import { type StartGateOptions, startGate, type TestGate } from '../testing.ts'

const host = 'app.localhost'
const access = { kind: 'public', reason: 'a test of what apps are shown' }
const system: Actor = { principal: { kind: 'system', id: 'system', name: 'test' } }

const day = 86_400_000

/** TLS judges certificates by the machine's clock, so this one begins 25 days before it. */
function startOwnGate(t: TestContext, options: StartGateOptions): Promise<TestGate> {
  const clock = fakeClock(Date.now() - 25 * day)
  return startGate(t, { clock, ...options })
}

interface MutualApp {
  readonly origin: string
  readonly server: Server
  /** Serial numbers shown, by connection. */
  readonly shown: string[]
}

/** An app that answers nobody without a certificate of our authority, and has one itself. */
async function startMutualApp(t: TestContext, gate: TestGate): Promise<MutualApp> {
  const profile = { name: 'loopback', title: 'Apps of this machine', kind: 'server', days: 90, names: ['127.0.0.0/8'] }
  const allowed = await gate.admin('POST', '/api/v1/certificate-profiles', profile)
  assert.equal(allowed.status, 201, allowed.body)
  const order = { profile: 'loopback', names: ['127.0.0.1'], newKey: true }
  const made = await gate.admin('POST', '/api/v1/certificates', order)
  assert.equal(made.status, 201, made.body)
  const { chain, privateKey } = JSON.parse(made.body) as { readonly chain: string; readonly privateKey: string }
  const root = await gate.admin('GET', '/api/v1/certificate-authorities/root')
  const { pem } = JSON.parse(root.body) as { readonly pem: string }
  const shown: string[] = []
  const server = createServer(
    { key: privateKey, cert: chain, ca: pem, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const socket = request.socket as TLSSocket
      assert.ok(socket.authorized)
      setTimeout(() => response.end(String(socket.getPeerX509Certificate()?.subject)), 20)
    },
  )
  server.on('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => undefined)
    shown.push(socket.getPeerX509Certificate()?.serialNumber ?? '')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, server, shown }
}

const route = { name: 'app', host, access, presentCertificate: true }

eachDialect((dialect, open) => {
  test('an app that requires a certificate of our authority is reached, on WebSockets and by the test too', async (t) => {
    const gate = await startOwnGate(t, { place: (context) => open.place(context) })
    const app = await startMutualApp(t, gate)
    const sockets = new WebSocketServer({ server: app.server })
    sockets.on('connection', (socket) => socket.send('hello'))
    t.after(() => {
      for (const socket of sockets.clients) socket.terminate()
    })
    await gate.addRoute({ ...route, upstreams: [app.origin] })
    await gate.addRoute({ name: 'bare', host: 'bare.localhost', access, upstreams: [app.origin] })
    const answer = await gate.ask({ host })
    assert.equal(answer.status, 200, answer.body)
    assert.match(answer.body, /CN=gatehouse/)
    // the same app without showing anything: refused there, and on no connection of the other route
    assert.equal((await gate.ask({ host: 'bare.localhost' })).status, 502)
    const tested = await gate.admin('POST', '/api/v1/routes/app/test')
    assert.match(tested.body, /"reachable":true/)
    const health = { path: '/', everyMs: 3_600_000, timeoutMs: 60_000, expect: ['200'] }
    await gate.addRoute({
      ...route,
      name: 'checked',
      host: 'checked.localhost',
      upstreams: [app.origin],
      balance: { health },
    })
    const checked = async () => (await gate.admin('GET', '/api/v1/routes/checked/upstreams')).body
    while ((await checked()).includes('"checked":null'));
    assert.match(await checked(), /"passed":true/)
    const socket = new WebSocket(`wss://${host}:${gate.port}/`, {
      rejectUnauthorized: false,
      lookup: (_name: string, options: object, done: (...answer: unknown[]) => void) =>
        'all' in options && options.all === true
          ? done(null, [{ address: '127.0.0.1', family: 4 }])
          : done(null, '127.0.0.1', 4),
    } as WebSocket.ClientOptions)
    t.after(() => socket.terminate())
    const [message] = (await once(socket, 'message')) as [Buffer]
    assert.equal(message.toString(), 'hello')
  })

  test('the certificate renews itself, and a revoked one is replaced, while no request is dropped', async (t) => {
    const gate = await startOwnGate(t, { place: (context) => open.place(context) })
    const app = await startMutualApp(t, gate)
    await gate.addRoute({ ...route, upstreams: [app.origin] })
    const several = async (): Promise<void> => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => gate.ask({ host })))
      for (const { status } of answers) assert.equal(status, 200)
    }
    const different = (): number => new Set(app.shown).size
    await several()
    assert.equal(different(), 1)
    // before the clock moves: a connection that is still being opened may renew it at once
    const before = await ownCertificates(gate)
    gate.clock.advance(25 * day)
    // due, so that it serves once more while a new one is made; asked for by new connections alone, not by those kept open
    for (let attempt = 0; (await ownCertificates(gate)).length === before.length; attempt++) {
      assert.ok(attempt < 500, 'it does not renew itself')
      dropIdle(app.server)
      await several()
    }
    dropIdle(app.server)
    await several()
    assert.equal(different(), 2)
    const [present] = await ownCertificates(gate)
    await revoke(gate.kernel.context(system), present ?? assert.fail('none'), 'keyCompromise')
    const under = several()
    dropIdle(app.server)
    await under
    await several()
    assert.equal(different(), 3)
  })

  // a SQLite file belongs to one node
  if (dialect === 'sqlite') return
  test('nodes that need the certificate at once share one, at first and when it is due', async (t) => {
    let shared: Promise<Place> | undefined
    const place = (context: TestContext) => (shared ??= open.place(context))
    const first = await startOwnGate(t, { place })
    const second = await startGate(t, { place, clock: first.clock, sealOf: first })
    try {
      const app = await startMutualApp(t, first)
      await first.addRoute({ ...route, upstreams: [app.origin] })
      const both = async (): Promise<void> => {
        const answers = await Promise.all([first, second].map((gate) => gate.ask({ host })))
        assert.deepEqual(
          answers.map(({ status }) => status),
          [200, 200],
        )
      }
      await both()
      const made = await ownCertificates(first)
      assert.equal(made.length, 1)
      assert.equal(app.shown.length, 2)
      assert.equal(new Set(app.shown).size, 1)

      first.clock.advance(25 * day)
      for (let attempt = 0; new Set(app.shown.slice(-2)).size > 1 || app.shown.at(-1) === app.shown[0]; attempt++) {
        assert.ok(attempt < 500, 'not both nodes show the next one')
        dropIdle(app.server)
        await both()
      }
      assert.equal((await ownCertificates(first)).length, 2)
      assert.equal(new Set(app.shown).size, 2)
    } finally {
      // before the storage both stand on goes
      await second.stop()
    }
  })
})

test('without https there is nothing to show a certificate over', async (t) => {
  const gate = await startGate(t)
  const wanted = { ...route, upstreams: ['http://127.0.0.1:1'] }
  const refused = await gate.admin('POST', '/api/v1/routes', wanted)
  assert.equal(refused.status, 422)
  assert.match(refused.body, /gateway\.present-needs-https/)
})

/** Newest first. */
async function ownCertificates(gate: TestGate): Promise<readonly string[]> {
  const { body } = await gate.admin('GET', '/api/v1/certificates?profile=gateway')
  return (JSON.parse(body) as { readonly items: readonly { readonly id: string }[] }).items.map(({ id }) => id)
}

function dropIdle(server: Server): void {
  server.closeIdleConnections()
}
