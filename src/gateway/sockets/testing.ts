/** Clients, apps and handshakes of WebSockets through the gate. For tests. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import { startUpstream, TestBrowser, type TestGate, type TestUpstream } from '../testing.ts'

export const host = 'app.localhost'
export const appCookie = '__Host-gatehouse-app'
export const signedIn = { kind: 'signed-in' }
export const open = { kind: 'public', reason: 'a test of WebSockets' }

export interface SocketUpstream extends TestUpstream {
  readonly sockets: WebSocketServer
  readonly handshakes: IncomingMessage[]
}

/** An app as apps are: it says back what it hears, unless told otherwise. */
export async function startSocketUpstream(
  t: TestContext,
  met: (socket: WebSocket, request: IncomingMessage) => void = echo,
): Promise<SocketUpstream> {
  const upstream = await startUpstream(t, ({ url }, response) => {
    response.setHeader('content-type', url === '/events' ? 'Text/Event-Stream; charset=utf-8' : 'text/plain')
    response.end('data: hello\n\n')
  })
  const handshakes: IncomingMessage[] = []
  const sockets = new WebSocketServer({ server: upstream.server, maxPayload: 16 * 1024 * 1024 })
  sockets.on('connection', (socket, request) => {
    handshakes.push(request)
    socket.on('error', () => undefined)
    met(socket, request)
  })
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate()
  })
  return { ...upstream, sockets, handshakes }
}

export function echo(socket: WebSocket): void {
  socket.on('message', (data, binary) => socket.send(data, { binary }))
}

export interface Opened {
  readonly socket: WebSocket
  /** Code and reason, once it is closed. */
  readonly closed: () => Promise<readonly [number, string]>
}

export function connect(
  t: TestContext,
  gate: Pick<TestGate, 'port'>,
  headers: Readonly<Record<string, string>>,
  protocols: string[] = [],
): Opened {
  const socket = new WebSocket(`wss://${host}:${gate.port}/socket`, protocols, {
    rejectUnauthorized: false,
    headers: { ...headers },
    lookup: (_name: string, options: object, done: (...answer: unknown[]) => void) =>
      'all' in options && options.all === true
        ? done(null, [{ address: '127.0.0.1', family: 4 }])
        : done(null, '127.0.0.1', 4),
  } as WebSocket.ClientOptions)
  socket.on('error', () => undefined)
  t.after(() => socket.terminate())
  let end: readonly [number, string] | undefined
  socket.once('close', (code, reason) => {
    end = [code, reason.toString()]
  })
  return {
    socket,
    closed: async () => {
      await until(() => end !== undefined)
      return end ?? assert.fail()
    },
  }
}

/** Opens, or answers with the status it was refused with. */
export async function handshake(...args: Parameters<typeof connect>): Promise<Opened & { readonly status: number }> {
  const opened = connect(...args)
  const status = await new Promise<number>((resolve) => {
    opened.socket.once('open', () => resolve(101))
    opened.socket.once('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0)
      request.destroy()
    })
    opened.socket.once('close', () => resolve(0))
  })
  return { ...opened, status }
}

export async function say(socket: WebSocket, text: string): Promise<string> {
  const heard = once(socket, 'message')
  socket.send(text)
  const [data] = (await heard) as [Buffer]
  return data.toString()
}

export async function signIn(gate: TestGate, handle: string): Promise<Readonly<Record<string, string>>> {
  const browser = new TestBrowser(gate)
  assert.equal((await browser.openSigningIn(host, '/', handle)).status, 200)
  const cookie = `${appCookie}=${browser.jars.get(host)?.get(appCookie) ?? assert.fail('no cookie')}`
  return { cookie, origin: originOf(gate) }
}

export function originOf({ port }: Pick<TestGate, 'port'>): string {
  return `https://${host}:${port}`
}

/** As a person does in the console. */
export async function createToken(
  gate: TestGate,
  handle: string,
): Promise<{ readonly id: string; readonly secret: string }> {
  const consoleHost = 'gatehouse.localhost'
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(host, '/', handle)
  const cookie = `__Host-gatehouse=${browser.jars.get(consoleHost)?.get('__Host-gatehouse') ?? ''}`
  const made = await gate.ask({
    host: consoleHost,
    method: 'POST',
    path: '/api/v1/tokens',
    headers: { cookie, origin: `https://${consoleHost}:${gate.port}`, 'content-type': 'application/json' },
    body: JSON.stringify({ label: 'socket', permissions: ['routes:use'], expiresAt: null }),
  })
  assert.equal(made.status, 201, made.body)
  const { token, secret } = JSON.parse(made.body) as {
    readonly token: { readonly id: string }
    readonly secret: string
  }
  return { id: token.id, secret }
}

export async function addRoute(
  gate: TestGate,
  upstream: string,
  access: object = signedIn,
  more: object = {},
): Promise<void> {
  await gate.addRoute({ name: 'app', host, upstreams: [upstream], access, ...more })
}

/** The machine, which may be slow, has a minute. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 60_000
  while (!condition()) {
    assert.ok(performance.now() < end, `a minute has passed without ${String(condition)}`)
    await pause(5)
  }
}

export function rawHandshake(extra = '', path = '/socket'): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extra}\r\n`
  )
}

export async function disable(gate: TestGate, account: string): Promise<void> {
  const system = { principal: { kind: 'system', id: 'system', name: 'test' } } as const
  await gate.kernel.context(system).tx((ctx) => gate.access.setPrincipalState(ctx, account, 'disabled'))
}

export const accepted = new Map<string, number>()

/** An app that takes any handshake with the right answer, and then does what the test says with the bare connection. */
export async function startRawUpstream(
  t: TestContext,
  then: (socket: Duplex, head: Buffer) => void,
  answer = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
): Promise<string> {
  const upstream = await startUpstream(t)
  upstream.server.on('upgrade', (_request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
    socket.write(answer)
    accepted.set(upstream.origin, (accepted.get(upstream.origin) ?? 0) + 1)
    then(socket, head)
  })
  return upstream.origin
}

/** A handshake by hand, paused behind its answer. */
export async function handshakeWithKey(t: TestContext, gate: TestGate) {
  const socket = connectTls({
    host: '127.0.0.1',
    port: gate.port,
    servername: host,
    rejectUnauthorized: false,
  })
  t.after(() => socket.destroy())
  socket.on('error', () => undefined)
  socket.write(rawHandshake())
  await once(socket, 'readable')
  const head = String(socket.read(12))
  const status = Number(head.slice(9, 12))
  let text = head
  while (!text.endsWith('\r\n\r\n')) {
    const next = socket.read(1) as Buffer | null
    if (next === null) await once(socket, 'readable')
    else text += next.toString('latin1')
  }
  return { socket, status }
}
