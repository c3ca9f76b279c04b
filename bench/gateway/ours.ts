import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { startServer } from '../../src/platform/server.ts'
import { rooms } from './rooms.ts'

/**
 * Gatehouse itself, with the rooms the gateway stands on: one account, one route guarded by a permission that the
 * account holds through a role, a public one and one by certificate beside it, as many more as asked, a session opened the
 * way a browser opens it, an API token and a certificate. Prints where it is, the cookie, the token and the certificate.
 */
const [data = '', upstream = '', host = '', accessLog = 'off', routes = '1', workers = '0'] = process.argv.slice(2)
const password = 'correct horse battery staple'

const server = await startServer({
  program: new URL('worker.ts', import.meta.url),
  rooms,
  environment: {
    GATEHOUSE_DATA: data,
    GATEHOUSE_LISTEN_HTTPS: '127.0.0.1:0',
    GATEHOUSE_LISTEN_WORKERS: workers,
    GATEHOUSE_LISTEN_HTTP: '127.0.0.1:0',
    GATEHOUSE_GATEWAY_FORWARD_AUTH_PROXIES: '127.0.0.1',
    GATEHOUSE_LOG_ACCESS: accessLog === 'on' ? 'true' : 'false',
  },
})
const port = server.httpsPort
const consoleHost = new URL(server.origin).hostname

interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly cookies: readonly string[]
  readonly body: string
}

const jars = new Map<string, Map<string, string>>()

function visit(on: string, path: string, form?: Readonly<Record<string, string>>): Promise<Answer> {
  const jar = jars.get(on) ?? new Map<string, string>()
  jars.set(on, jar)
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        servername: on,
        rejectUnauthorized: false,
        agent: false,
        method: form === undefined ? 'GET' : 'POST',
        path,
        headers: {
          host: `${on}:${port}`,
          accept: 'text/html',
          cookie: [...jar].map((pair) => pair.join('=')).join('; '),
          ...(form === undefined
            ? {}
            : { 'content-type': 'application/x-www-form-urlencoded', origin: `https://${on}:${port}` }),
        },
      },
      (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString()
        })
        response.on('end', () => {
          const cookies = response.headers['set-cookie'] ?? []
          for (const line of cookies) {
            const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
            if (value === '') jar.delete(name)
            else jar.set(name, value)
          }
          const { location } = response.headers
          const refresh = /url=(.*)$/.exec(String(response.headers['refresh'] ?? ''))?.[1]
          resolve({ status: response.statusCode ?? 0, location: location ?? refresh, cookies, body })
        })
      },
    )
    request.on('error', reject)
    request.end(form === undefined ? undefined : new URLSearchParams(form).toString())
  })
}

function admin(method: string, path: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        socketPath: join(data, 'admin.sock'),
        method,
        path,
        headers: { host: 'localhost', 'content-type': 'application/json' },
      },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on('end', () => {
          if ((response.statusCode ?? 500) < 300) resolve(text === '' ? undefined : JSON.parse(text))
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`))
        })
      },
    )
    request.on('error', reject)
    request.end(JSON.stringify(body))
  })
}

/** Signs in as a program does. */
function makeToken(): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        servername: consoleHost,
        rejectUnauthorized: false,
        agent: false,
        method: 'POST',
        path: '/api/v1/sign-in',
        headers: {
          host: `${consoleHost}:${port}`,
          origin: server.origin,
          'content-type': 'application/json',
        },
      },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on('end', () => {
          const { secret } = JSON.parse(text) as { readonly secret?: string }
          if (secret === undefined) reject(new Error(`no token: ${text}`))
          else resolve(secret)
        })
      },
    )
    request.on('error', reject)
    request.end(JSON.stringify({ handle: 'bench', password, label: 'bench' }))
  })
}

// the first account is the administrator, whose role covers routes:use:bench
await admin('POST', '/api/v1/setup', {
  handle: 'bench',
  displayName: 'Bench',
  password,
})
await admin('POST', '/api/v1/routes', { name: 'bench', host, upstreams: [upstream] })
const access = { kind: 'public', reason: 'a bench' }
await admin('POST', '/api/v1/routes', { name: 'public', host: `public-${host}`, upstreams: [upstream], access })
const byCertificate = { name: 'certificate', host: `certificate-${host}`, authenticators: ['certificate'] }
await admin('POST', '/api/v1/routes', { ...byCertificate, upstreams: [upstream] })
const order = { newKey: true, profile: 'person', account: 'bench' }
const { chain, privateKey: key } = (await admin('POST', '/api/v1/certificates', order)) as Record<string, string>
// a twentieth on the host that is measured, so that every request is looked up among many
const more = Array.from({ length: Number(routes) - 1 }, (_, place) => place)
const make = (place: number) => {
  const on = place % 20 === 0 ? host : `h${place % 200}.${host}`
  return admin('POST', '/api/v1/routes', {
    name: `r${place}`,
    host: on,
    path: `/r${place}/of/many`,
    upstreams: [upstream],
  })
}
for (let done = 0; done < more.length; done += 100) await Promise.all(more.slice(done, done + 100).map(make))

let at = new URL(`https://${host}:${port}/`)
for (let hops = 0; hops < 10; hops += 1) {
  const form =
    at.pathname === '/sign-in' ? { handle: 'bench', password, to: at.searchParams.get('to') ?? '/' } : undefined
  const answer = await visit(at.hostname, form === undefined ? at.pathname + at.search : '/sign-in', form)
  if (answer.location === undefined) {
    if (answer.status !== 200) throw new Error(`${at.href}: ${answer.status} ${answer.body.slice(0, 500)}`)
    break
  }
  at = new URL(answer.location, at)
}
const cookie = [...(jars.get(host) ?? [])].map((pair) => pair.join('=')).join('; ')
process.stdout.write(
  `${JSON.stringify({ port, httpPort: server.httpPort, cookie, token: await makeToken(), consoleHost, certificate: { chain, key } })}\n`,
)
process.on('SIGTERM', () => {
  server.stop({ graceMs: 100 }).then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
