import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { freePort, type Program, type start } from '../machine/programs.ts'

const password = 'correct horse battery staple'
const gatehouse = join(import.meta.dirname, '../../bin/gatehouse')

export interface OursOptions {
  /** Runs the program, and ends it with the others of the bench. */
  readonly begin: (...args: Parameters<typeof start>) => Promise<Program>
  /** An empty folder of mode 0700. */
  readonly data: string
  readonly upstream: string
  readonly host: string
  readonly accessLog?: boolean
  readonly routes?: number
  readonly workers?: number
  /** For Node.js, as `NODE_OPTIONS` has them. */
  readonly nodeOptions?: string | undefined
}

export interface Ours {
  readonly program: Program
  readonly port: number
  readonly httpPort: number
  /** Of the route's host, for a header. */
  readonly cookie: string
  readonly token: string
  /** Of the same account, with its key: PEM. */
  readonly certificate: { readonly chain: string; readonly key: string }
}

/**
 * The product as it is started, with one account, one route guarded by a permission that the account holds through a role, a
 * public one and one by certificate beside it, as many more as asked, a session opened the way a browser opens it, an API token
 * and a certificate. All of that is made from outside: a client within would be code of a kind that no server runs, and the
 * compiler would make less of what it shares with the server's.
 */
export async function startOurs(options: OursOptions): Promise<Ours> {
  const { begin, data, upstream, host, accessLog = false, routes = 1, workers = 0, nodeOptions = '' } = options
  const [port, httpPort] = [await freePort(), await freePort()]
  const program = await begin(gatehouse, ['serve'], {
    env: {
      PATH: process.env['PATH'],
      NODE_OPTIONS: nodeOptions,
      GATEHOUSE_DATA: data,
      GATEHOUSE_LISTEN_HTTPS: `127.0.0.1:${port}`,
      GATEHOUSE_LISTEN_HTTP: `127.0.0.1:${httpPort}`,
      GATEHOUSE_LISTEN_WORKERS: String(workers),
      GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '127.0.0.1',
      GATEHOUSE_LOG_ACCESS: String(accessLog),
    },
    ready: async () => (await ask({ port, on: consoleHost, path: '/readyz' })).status === 200,
  })
  const admin = adminOf(data)
  // the first account is the administrator, whose role covers routes:use:bench
  await admin('POST', '/api/v1/setup', { handle: 'bench', displayName: 'Bench', password })
  await admin('POST', '/api/v1/routes', { name: 'bench', host, upstreams: [upstream] })
  const access = { kind: 'public', reason: 'a bench' }
  await admin('POST', '/api/v1/routes', { name: 'public', host: `public-${host}`, upstreams: [upstream], access })
  const byCertificate = { name: 'certificate', host: `certificate-${host}`, authenticators: ['certificate'] }
  await admin('POST', '/api/v1/routes', { ...byCertificate, upstreams: [upstream] })
  const order = { newKey: true, profile: 'person', account: 'bench' }
  const { chain = '', privateKey: key = '' } = await admin('POST', '/api/v1/certificates', order)
  // a twentieth on the host that is measured, so that every request is looked up among many
  const more = Array.from({ length: routes - 1 }, (_, place) => place)
  const make = (place: number) => {
    const on = place % 20 === 0 ? host : `h${place % 200}.${host}`
    const path = `/r${place}/of/many`
    return admin('POST', '/api/v1/routes', { name: `r${place}`, host: on, path, upstreams: [upstream] })
  }
  for (let done = 0; done < more.length; done += 100) await Promise.all(more.slice(done, done + 100).map(make))
  const cookie = await signIn(port, host)
  return { program, port, httpPort, cookie, token: await makeToken(port), certificate: { chain, key } }
}

const consoleHost = 'gatehouse.localhost'

interface Question {
  readonly port: number
  readonly on: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent by POST; without it GET. */
  readonly body?: string | undefined
}

interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly cookies: readonly string[]
  readonly body: string
}

function ask({ port, on, path, headers = {}, body }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    const to = { host: '127.0.0.1', port, servername: on, rejectUnauthorized: false, agent: false } as const
    const origin = `https://${on}:${port}`
    const request = httpsRequest(
      { ...to, method, path, headers: { host: `${on}:${port}`, origin, ...headers } },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on('end', () => {
          const { location, refresh } = response.headers
          resolve({
            status: response.statusCode ?? 0,
            location: location ?? /url=(.*)$/.exec(String(refresh ?? ''))?.[1],
            cookies: response.headers['set-cookie'] ?? [],
            body: text,
          })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** On the admin socket. */
function adminOf(data: string) {
  return (method: string, path: string, body: unknown): Promise<Readonly<Record<string, string>>> =>
    new Promise((resolve, reject) => {
      const headers = { host: 'localhost', 'content-type': 'application/json' }
      const request = httpRequest({ socketPath: join(data, 'admin.sock'), method, path, headers }, (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on('end', () => {
          if ((response.statusCode ?? 500) >= 300)
            reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`))
          else resolve(text === '' ? {} : (JSON.parse(text) as Record<string, string>))
        })
      })
      request.on('error', reject)
      request.end(JSON.stringify(body))
    })
}

/** As a browser does: from the app's host to the console's, through the form, and back. @returns what the app's host set */
async function signIn(port: number, host: string): Promise<string> {
  const jars = new Map<string, Map<string, string>>()
  let at = new URL(`https://${host}:${port}/`)
  for (let hops = 0; hops < 10; hops += 1) {
    const jar = jars.get(at.hostname) ?? new Map<string, string>()
    jars.set(at.hostname, jar)
    const isForm = at.pathname === '/sign-in'
    const form = { handle: 'bench', password, to: at.searchParams.get('to') ?? '/' }
    const answer = await ask({
      port,
      on: at.hostname,
      path: isForm ? '/sign-in' : at.pathname + at.search,
      headers: {
        accept: 'text/html',
        cookie: [...jar].map((pair) => pair.join('=')).join('; '),
        ...(isForm && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: isForm ? new URLSearchParams(form).toString() : undefined,
    })
    for (const line of answer.cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    if (answer.location === undefined) {
      if (answer.status === 200) return [...(jars.get(host) ?? [])].map((pair) => pair.join('=')).join('; ')
      throw new Error(`${at.href}: ${answer.status} ${answer.body.slice(0, 500)}`)
    }
    at = new URL(answer.location, at)
  }
  throw new Error('the sign-in leads in circles')
}

/** Signs in as a program does. */
async function makeToken(port: number): Promise<string> {
  const answer = await ask({
    port,
    on: consoleHost,
    path: '/api/v1/sign-in',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ handle: 'bench', password, label: 'bench' }),
  })
  const { secret } = JSON.parse(answer.body) as { readonly secret?: string }
  if (secret === undefined) throw new Error(`no token: ${answer.body}`)
  return secret
}
