import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls'
import { parseCidr } from '#kit'
import { type MemoryLog, memoryLog, testCertificate } from '#platform/testing'
import { createMetrics, type Metrics } from '../metrics.ts'
import { createListener } from './create-listener.ts'
import type { ListenerLimits } from './limits.ts'
import type { StartedListener } from './listener.ts'

export interface Fixture {
  readonly listener: StartedListener
  readonly log: MemoryLog
  readonly metrics: Metrics
  readonly adminSocket: string
}

const certificate = testCertificate('a.test', 'b.test', 'c.test')
const context = createSecureContext(certificate)

/**
 * A started listener with certificates for `*.test`, of which the one for `broken.test` fails; `a.test` answers what it
 * sees.
 */
export async function startListener(
  t: TestContext,
  limits: Partial<ListenerLimits> = {},
  prepare: (listener: StartedListener) => void = () => undefined,
  https = '127.0.0.1:0',
  trusted: readonly string[] = [],
): Promise<Fixture> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-listener-'))
  const log = memoryLog()
  const metrics = createMetrics()
  const adminSocket = join(directory, 'admin.sock')
  const trustedProxies = trusted.flatMap((text) => parseCidr(text) ?? [])
  const common = { https, http: '127.0.0.1:0', adminSocket, log, metrics, limits, trustedProxies }
  const listener = createListener(common)
  listener.certificates((name) => (name === 'broken.test' ? Promise.reject(new Error('no key')) : undefined))
  listener.certificates((name) => (name.endsWith('.test') ? context : undefined))
  listener.host('a.test', (request, response) => {
    response.end(`a ${request.httpVersion} ${request.method} ${request.url} ${listener.addressOf(request)}`)
  })
  prepare(listener)
  await listener.start()
  t.after(async () => {
    await listener.stop({ graceMs: 0 })
    rmSync(directory, { recursive: true, force: true })
  })
  return { listener, log, metrics, adminSocket }
}

export interface Tls {
  readonly serverName?: string
  readonly alpn?: readonly string[]
}

export function openTls({ listener }: Fixture, { serverName = 'a.test', alpn = ['http/1.1'] }: Tls = {}): TLSSocket {
  const socket = connectTls({
    host: '127.0.0.1',
    port: listener.httpsPort,
    rejectUnauthorized: false,
    ALPNProtocols: [...alpn],
    ...(serverName === '' ? {} : { servername: serverName }),
  })
  // what an abrupt end means is asserted by what was read
  socket.on('error', () => undefined)
  return socket
}

/** Sends bytes and answers everything that comes back until the server closes. */
export async function exchange(fixture: Fixture, bytes: string | Buffer, tls: Tls = {}): Promise<string> {
  return readAll(openTls(fixture, tls), bytes)
}

export async function exchangePlain({ listener }: Fixture, bytes: string): Promise<string> {
  const socket = connectTcp({ host: '127.0.0.1', port: listener.httpPort })
  socket.on('error', () => undefined)
  return readAll(socket, bytes)
}

export function readAll(socket: Socket, bytes: string | Buffer = ''): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
    if (bytes.length > 0) socket.write(bytes)
  })
}

export function get(host: string, path = '/', extra = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${extra}Connection: close\r\n\r\n`
}

export function openHttp2(t: TestContext, fixture: Fixture, serverName = 'a.test'): ClientHttp2Session {
  const session = connectHttp2(`https://${serverName}`, {
    createConnection: () => openTls(fixture, { serverName, alpn: ['h2'] }),
  })
  session.on('error', () => undefined)
  t.after(() => session.destroy())
  return session
}

export interface Http2Answer {
  readonly status: number
  readonly body: string
}

/** The answer, or status 0 when the stream was reset. */
export function ask(session: ClientHttp2Session, headers: Readonly<Record<string, string>>): Promise<Http2Answer> {
  return new Promise((resolve) => {
    const stream = session.request({ ':path': '/', ...headers })
    let status = 0
    const chunks: Buffer[] = []
    stream.on('response', (answer) => {
      status = Number(answer[':status'])
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', () => undefined)
    stream.once('close', () => resolve({ status, body: Buffer.concat(chunks).toString() }))
    stream.end()
  })
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
}
