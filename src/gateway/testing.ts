/** A whole Gatehouse with the rooms the gateway stands on, real clients and real upstreams. For tests. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { connect } from 'node:tls'
import { z } from 'zod'
import { type AccessFace, accessRoom } from '#access'
import { type IdentityFace, identityRoom } from '#identity'
import { identityRooms } from '#identity/testing'
import type { Actor } from '#kit'
import { pkiRoom } from '#pki'
import { type AnyRoom, defineRoom, type Kernel } from '#platform'
import { type FakeClock, fakeClock, type MemoryLog, memoryLog, type Place, startServer } from '#platform/testing'
import { gatewayRoom } from './index.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
}

export interface Asked {
  readonly host: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
}

export interface TestGate {
  readonly clock: FakeClock
  readonly log: MemoryLog
  readonly kernel: Kernel
  readonly access: AccessFace
  readonly identity: IdentityFace
  readonly port: number
  readonly data: string
  /** Over TLS, with the host as server name. */
  ask(asked: Asked): Promise<Answer>
  /** Bytes as they are, over TLS; answers what comes back until the server closes or is silent. */
  raw(host: string, bytes: string | Buffer): Promise<string>
  /** Over the admin socket: JSON in and out. */
  admin(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  addAccount(handle: string, roles?: readonly string[]): Promise<string>
  addRoute(wanted: Readonly<Record<string, unknown>>): Promise<void>
  /** Reads the configuration again, with these variables changed. */
  reload(changed: Readonly<Record<string, string>>): Promise<void>
  stop(): Promise<void>
}

export const testPassword = 'correct horse battery staple'
const system: Actor = { principal: { kind: 'system', id: 'system', name: 'test' } }

export interface StartGateOptions {
  /** Makes the storage; called after the node's own end is registered, so that the node ends before its storage does. */
  readonly place?: (t: TestContext) => Promise<Place>
  readonly clock?: FakeClock
  /** Another node of the same Gatehouse: this one gets its seal key. */
  readonly sealOf?: TestGate
  readonly environment?: Readonly<Record<string, string>>
  /** Rooms that stand on the gateway, or contribute to it. */
  readonly rooms?: readonly AnyRoom[]
}

/** Starts one node on free ports; stopped when the test ends. */
export async function startGate(t: TestContext, options: StartGateOptions = {}): Promise<TestGate> {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-gate-'))
  if (options.sealOf !== undefined) copyFileSync(join(options.sealOf.data, 'seal.key'), join(data, 'seal.key'))
  const clock = options.clock ?? fakeClock()
  const log = memoryLog()
  let inside: { kernel: Kernel; access: AccessFace; identity: IdentityFace } | undefined
  const window = defineRoom({
    name: 'window',
    config: z.strictObject({}).prefault({}),
    migrations: [],
    errors: {},
    permissions: [],
    needs: { access: accessRoom, identity: identityRoom },
    open: async (kernel, faces) => {
      inside = { kernel, ...faces }
      return { face: {} }
    },
  })
  let stop = async (): Promise<void> => undefined
  t.after(async () => {
    await stop()
    rmSync(data, { recursive: true, force: true })
  })
  const place = await options.place?.(t)
  const environment: Record<string, string> = {
    GATEHOUSE_DATA: data,
    GATEHOUSE_LISTEN_HTTPS: '127.0.0.1:0',
    GATEHOUSE_LISTEN_HTTP: '127.0.0.1:0',
    ...(place?.dialect === 'postgres' ? { GATEHOUSE_DATABASE_URL: place.url } : {}),
    ...options.environment,
  }
  const server = await startServer({
    rooms: [...identityRooms, pkiRoom, gatewayRoom, window, ...(options.rooms ?? [])],
    clock,
    log,
    environment,
  })
  stop = () => server.stop({ graceMs: 0 })
  if (inside === undefined) throw new TypeError('the window room did not open')
  const port = server.httpsPort
  const admin: TestGate['admin'] = (method, path, body, headers = {}) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const type = text === undefined ? {} : { 'content-type': 'application/json' }
    return answerOf(
      httpRequest({
        socketPath: join(data, 'admin.sock'),
        method,
        path,
        headers: { host: 'localhost', ...type, ...headers },
      }),
      text,
    )
  }
  const { kernel, access, identity } = inside
  return {
    clock,
    log,
    kernel,
    access,
    identity,
    port,
    data,
    reload: async (changed) => {
      Object.assign(environment, changed)
      await server.reload()
    },
    stop,
    admin,
    ask: (asked) => ask(port, asked),
    raw: (host, bytes) => raw(port, host, bytes),
    addAccount: async (handle, roles = []) => {
      const made = await admin('POST', '/api/v1/accounts', { handle, displayName: handle, password: testPassword })
      if (made.status !== 201) throw new Error(made.body)
      const { account } = JSON.parse(made.body) as { readonly account: { readonly id: string } }
      await kernel.context(system).tx(async (ctx) => {
        for (const role of roles) await access.assignRole(ctx, account.id, role)
      })
      return account.id
    },
    addRoute: async (wanted) => {
      const made = await admin('POST', '/api/v1/routes', wanted)
      if (made.status !== 201) throw new Error(made.body)
    },
  }
}

function ask(port: number, { host, path = '/', method = 'GET', headers = {}, body }: Asked): Promise<Answer> {
  return answerOf(
    httpsRequest({
      host: '127.0.0.1',
      port,
      servername: host,
      path,
      method,
      headers: { host: `${host}:${port}`, ...headers } as Record<string, string | string[]>,
      rejectUnauthorized: false,
      agent: false,
    }),
    body,
  )
}

function answerOf(request: ReturnType<typeof httpRequest>, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, headers, rawHeaders } = response
        resolve({ status: statusCode, headers, rawHeaders, body: Buffer.concat(chunks).toString() })
      })
    })
    request.end(body)
  })
}

function raw(port: number, host: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: host, rejectUnauthorized: false })
    const chunks: Buffer[] = []
    // a machine may be slow to begin; whoever has begun goes on
    socket.setTimeout(15_000, () => socket.destroy())
    socket.on('secureConnect', () => socket.write(bytes))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      socket.setTimeout(2_000)
    })
    // of a server that refuses and closes while we still write, too
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
  })
}

/** An HTTP/2 connection of its own, as browsers have; closed when the test ends. */
export function openHttp2(
  t: TestContext,
  gate: Pick<TestGate, 'port'>,
  host: string,
  own: { readonly key?: string; readonly cert?: string } = {},
): ClientHttp2Session {
  const session = connectHttp2(`https://${host}:${gate.port}`, {
    ...own,
    rejectUnauthorized: false,
    servername: host,
    lookup: (_name, options, done) => {
      if (typeof options === 'object' && options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }])
      else done(null, '127.0.0.1', 4)
    },
  })
  session.on('error', () => undefined)
  t.after(() => session.destroy())
  return session
}

/** What an upstream saw of one request. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface TestUpstream {
  readonly origin: string
  readonly seen: Seen[]
  readonly server: Server
}

/** A real HTTP server that remembers what it saw, and then answers `hello`, unless told to answer otherwise. */
export async function startUpstream(t: TestContext, listener?: RequestListener): Promise<TestUpstream> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', rawHeaders, headers } = request
      seen.push({ method, url, rawHeaders, headers, body: Buffer.concat(chunks).toString() })
      if (listener === undefined) response.end('hello')
    })
    listener?.(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server }
}

/** A browser as far as cookies, navigation and redirects go. Cookies are kept per host, as `__Host-` demands. */
export class TestBrowser {
  readonly #gate: Pick<TestGate, 'ask' | 'port'>
  readonly jars = new Map<string, Map<string, string>>()

  constructor(gate: Pick<TestGate, 'ask' | 'port'>) {
    this.#gate = gate
  }

  /** One navigation, without following. */
  async visit(host: string, path: string, form?: Readonly<Record<string, string>>): Promise<Answer> {
    const jar = this.jars.get(host) ?? new Map<string, string>()
    this.jars.set(host, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await this.#gate.ask({
      host,
      path,
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'text/html,application/xhtml+xml',
        'sec-fetch-mode': 'navigate',
        ...(cookie === '' ? {} : { cookie }),
        ...(form === undefined
          ? {}
          : {
              'content-type': 'application/x-www-form-urlencoded',
              origin: `https://${host}:${this.#gate.port}`,
              'sec-fetch-site': 'same-origin',
            }),
      },
      ...(form === undefined ? {} : { body: new URLSearchParams(form).toString() }),
    })
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return answer
  }

  /** Follows redirects (and pages that go on by themselves) to the first answer that stays. */
  async open(
    host: string,
    path: string,
    form?: Readonly<Record<string, string>>,
  ): Promise<Answer & { readonly url: string }> {
    let url = new URL(`https://${host}:${this.#gate.port}${path}`)
    let answer = await this.visit(host, path, form)
    for (let hops = 0; hops < 10; hops += 1) {
      const refresh = /^0; ?url=(.*)$/.exec(String(answer.headers['refresh'] ?? ''))?.[1]
      const location = answer.headers.location ?? refresh
      if (location === undefined) return { ...answer, url: url.href }
      url = new URL(location, url)
      answer = await this.visit(url.hostname, url.pathname + url.search)
    }
    throw new Error('too many redirects')
  }

  /** Opens an address, signs in where asked, and answers where that leads. */
  async openSigningIn(host: string, path: string, handle: string): Promise<Answer & { readonly url: string }> {
    const stopped = await this.open(host, path)
    const at = new URL(stopped.url)
    if (at.pathname !== '/sign-in') return stopped
    const to = at.searchParams.get('to') ?? '/'
    return this.open(at.hostname, '/sign-in', { handle, password: testPassword, to })
  }
}
