import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { WebSocket } from 'ws'
import { programMissing, testCertificate } from '#platform/testing'
import { type Answer, type Asked, TestBrowser, testPassword } from '../../src/gateway/testing.ts'
import { runCommand } from '../product/command.ts'
import { freePort } from '../product/free-port.ts'
import { askLocally } from '../product/http.ts'
import { cleanUp, type Product, startProduct } from '../product/start.ts'
import { type Manner, manners, page, printed } from './printed-configuration.ts'

const app = 'app.localhost'
const console_ = 'gate.localhost'

interface Place {
  readonly directory: string
  readonly proxyPort: number
  readonly httpsPort: number
  readonly httpPort: number
  readonly appPort: number
  readonly manner: Manner
}

/** As printed, with the names and ports of this test. Every replacement must find something to replace. */
function adapted(configuration: string, place: Place): string {
  const changes: readonly (readonly [RegExp, string])[] = [
    [/app\.example\.org/g, app],
    [/gate\.example\.org/g, console_],
    [/127\.0\.0\.1:8443/g, `127.0.0.1:${place.httpsPort}`],
    [/127\.0\.0\.1:8080/g, `127.0.0.1:${place.httpPort}`],
    [/127\.0\.0\.1:3000/g, `127.0.0.1:${place.appPort}`],
    [/\/etc\/ssl\/example\.org/g, place.directory],
    [/\/etc\/ssl\/gatehouse-ca\.pem/g, join(place.directory, 'gatehouse-ca.pem')],
    [/\/run\/gatehouse/g, place.directory],
    [/\/etc\/haproxy\//g, `${place.directory}/`],
    [/listen 443/g, `listen 127.0.0.1:${place.proxyPort}`],
    [/bind :443/g, `bind 127.0.0.1:${place.proxyPort}`],
    [/port = 443/g, `port = ${place.proxyPort}`],
  ]
  return changes.reduce((result, [from, to]) => result.replaceAll(from, to), configuration)
}

/** The proxy's own; where it asks otherwise the plain port must be in no part of it. */
function ofProxy(language: string, place: Place): string {
  const made = adapted(printed(language, place.manner), place)
  if (place.manner !== 'over plain HTTP' && made.includes(`:${place.httpPort}`))
    throw new Error(`${language} still asks over plain HTTP`)
  return made
}

interface Proxy {
  readonly name: string
  readonly program: string
  readonly probe: string
  /** Writes its files and says how it is started. */
  prepare(place: Place): readonly string[]
}

const proxies: readonly Proxy[] = [
  {
    name: 'nginx',
    program: 'nginx',
    probe: '-v',
    prepare: (place) => {
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (kind) => `${kind}_temp_path ${place.directory}/${kind};`,
      )
      const file = join(place.directory, 'nginx.conf')
      const around = `error_log stderr; pid ${place.directory}/nginx.pid; events {}\nhttp { access_log off; ${paths.join(' ')}\n`
      writeFileSync(file, `${around}${ofProxy('nginx', place)}}\n`)
      return ['-e', 'stderr', '-p', place.directory, '-c', file, '-g', 'daemon off; master_process off;']
    },
  },
  {
    name: 'Caddy',
    program: 'caddy',
    probe: 'version',
    prepare: (place) => {
      const file = join(place.directory, 'Caddyfile')
      const around = `{\n\tadmin off\n\tauto_https off\n\thttps_port ${place.proxyPort}\n\tdefault_bind 127.0.0.1\n}\n\n`
      writeFileSync(file, around + ofProxy('caddyfile', place))
      return ['run', '--config', file, '--adapter', 'caddyfile']
    },
  },
  {
    name: 'HAProxy',
    program: 'haproxy',
    probe: '-v',
    prepare: (place) => {
      writeFileSync(join(place.directory, 'gatehouse.lua'), ofProxy('lua', place))
      const file = join(place.directory, 'haproxy.cfg')
      writeFileSync(file, ofProxy('haproxy', place))
      return ['-db', '-f', file]
    },
  },
]

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** An app that tells what reached it, and echoes WebSockets. */
function startApp(seen: Seen[]): Server {
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      response.setHeader('x-app', 'yes')
      response.end(`the app at ${url}`)
    })
  })
  server.on('upgrade', (incoming, socket) => {
    seen.push({ method: 'UPGRADE', url: incoming.url ?? '', headers: incoming.headers, body: '' })
    const accept = createHash('sha1')
      .update(`${incoming.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    socket.on('error', () => socket.destroy())
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    // one that says nothing stays open
    socket.on('data', (chunk: Buffer) => socket.end(chunk))
  })
  return server
}

/** One request through the proxy, as a client at 127.0.0.1 makes it. */
function through(port: number, { host, path = '/', method = 'GET', headers = {}, body }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        servername: host,
        path,
        method,
        headers: { host: `${host}:${port}`, ...headers } as Record<string, string | string[]>,
        rejectUnauthorized: false,
        agent: false,
        timeout: 20_000,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const { statusCode = 0, headers: answered, rawHeaders } = response
          resolve({ status: statusCode, headers: answered, rawHeaders, body: Buffer.concat(chunks).toString() })
        })
      },
    )
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')))
    asked.on('error', reject)
    asked.end(body)
  })
}

after(cleanUp)

for (const [proxy, manner] of proxies.flatMap((one) => manners.map((each) => [one, each] as const))) {
  describe(`${proxy.name}, asking ${manner}, configured as docs/forward-auth.md prints`, {
    skip: programMissing(proxy.program, proxy.program, proxy.probe),
    timeout: 300_000,
  }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'gatehouse-forward-auth-'))
    const seen: Seen[] = []
    const server = startApp(seen)
    let place: Place
    let product: Product
    let program: ChildProcess | undefined
    let output = ''
    let token = ''

    before(async () => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const [proxyPort, httpsPort, httpPort] = [await freePort(), await freePort(), await freePort()]
      place = { directory, proxyPort, httpsPort, httpPort, appPort: (server.address() as AddressInfo).port, manner }
      product = await startGatehouse(place)
      token = await prepareGatehouse(product, place)
      const { cert, key } = testCertificate(app, console_)
      writeFileSync(join(directory, 'fullchain.pem'), cert)
      writeFileSync(join(directory, 'privkey.pem'), key)
      writeFileSync(join(directory, 'combined.pem'), cert + key)
      program = spawn(proxy.program, proxy.prepare(place), {
        cwd: directory,
        env: { PATH: process.env['PATH'] ?? '', HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      for (const stream of [program.stdout, program.stderr]) {
        stream?.on('data', (chunk: Buffer) => {
          output += chunk.toString()
        })
      }
      await untilAnswered(() => program?.exitCode ?? null)
    })
    after(async () => {
      if (program?.exitCode === null) {
        program.kill('SIGTERM')
        await once(program, 'exit')
      }
      server.closeAllConnections()
      server.close()
      await product.stop()
      rmSync(directory, { recursive: true, force: true })
    })

    async function untilAnswered(exited: () => number | null): Promise<void> {
      for (let attempt = 0; attempt < 1_000; attempt++) {
        const answer = await through(place.proxyPort, { host: app }).catch(() => undefined)
        if (answer !== undefined) return
        if (exited() !== null) break
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error(`${proxy.name} does not answer:\n${output}`)
    }

    const ask = (asked: Partial<Asked>) => through(place.proxyPort, { host: app, ...asked })
    const browser = () => new TestBrowser({ ask: (asked) => through(place.proxyPort, asked), port: place.proxyPort })
    const bearer = () => ({ authorization: `Bearer ${token}` })
    /** What reached the app since; nothing may before. */
    const reached = async (work: () => Promise<unknown>): Promise<readonly Seen[]> => {
      const from = seen.length
      await work()
      return seen.slice(from)
    }

    test('a stranger is led to sign-in and back to the exact page, and the app is told who it is', async () => {
      const person = browser()
      const stopped = await reached(async () => {
        const at = await person.open(app, '/deep/page?a=1&b=%20x')
        assert.equal(new URL(at.url).hostname, console_, at.body + output)
        assert.equal(new URL(at.url).pathname, '/sign-in')
      })
      assert.deepEqual(stopped, [])
      const back = await person.openSigningIn(app, '/deep/page?a=1&b=%20x', 'ada')
      assert.equal(back.status, 200, back.body)
      assert.equal(back.url, `https://${app}:${place.proxyPort}/deep/page?a=1&b=%20x`)
      assert.equal(back.body, 'the app at /deep/page?a=1&b=%20x')
      const { headers } = seen.at(-1) ?? assert.fail('the app saw nothing')
      assert.equal(headers['remote-user'], 'ada')
      assert.match(String(headers['x-gatehouse-assertion']), /^ey[\w-]+\.[\w-]+\.[\w-]+$/)
      assert.ok(!String(headers.cookie).includes('gatehouse'), `the app saw ${String(headers.cookie)}`)
      const cookie = [...(person.jars.get(app) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
      const other = await ask({ headers: { cookie: `${cookie}; theme=dark`, authorization: 'Basic YTpi' } })
      assert.equal(other.status, 200)
      assert.equal(seen.at(-1)?.headers.cookie, 'theme=dark')
      assert.equal(seen.at(-1)?.headers.authorization, 'Basic YTpi')
      const out = await person.visit(app, '/.gatehouse/sign-out', {})
      assert.equal(out.status, 200, out.body)
      assert.equal((await ask({ headers: { cookie } })).status, 401)
    })

    test('a program gets 401 with a challenge, and the refusal of whoever may not is told', async () => {
      const nothing = await reached(async () => {
        const program401 = await ask({ path: '/x' })
        assert.equal(program401.status, 401)
        assert.match(String(program401.headers['www-authenticate']), /^Bearer realm="Gatehouse"/)
        assert.match(program401.body, /gateway\.sign-in-required/)
        const refused = await browser().openSigningIn(app, '/closed/x', 'bob')
        assert.equal(refused.status, 403, refused.body)
        assert.match(refused.body, /open app\.localhost/)
        assert.equal((await ask({ path: '/closed', headers: bearer() })).status, 403)
        assert.equal((await ask({ headers: { authorization: 'Bearer gat_wrong' } })).status, 401)
        // what nginx has no word for is told all the same
        assert.equal((await ask({ path: '/read', method: 'POST', headers: bearer() })).status, 405)
      })
      assert.deepEqual(nothing, [])
    })

    test('attacks 5, 6: what a client says about itself never reaches the app', async () => {
      const lies = {
        'remote-user': 'root',
        Remote_User: 'root',
        'REMOTE-GROUPS': 'admins',
        'x-gatehouse-assertion': 'root',
        X_Gatehouse_Assertion: 'root',
        cookie: '__Host-gatehouse-app=root',
        connection: 'Remote-User, X-Gatehouse-Assertion, close',
      }
      for (const [path, more] of [
        ['/public/x', {}],
        ['/x', bearer()],
      ] as const) {
        const answer = await ask({ path, headers: { ...lies, ...more } })
        assert.equal(answer.status, 200, answer.body)
        const { headers } = seen.at(-1) ?? assert.fail('the app saw nothing')
        assert.ok(!/root|admins/.test(JSON.stringify(headers)), JSON.stringify(headers))
        assert.equal(headers['remote-user'], path === '/x' ? 'bob' : undefined)
        assert.equal(headers.authorization, undefined)
        assert.equal(headers.cookie, undefined)
      }
    })

    test('attacks 3, 4, 9, 12: no forwarding header of a client counts', async () => {
      const nothing = await reached(async () => {
        const spoofs: readonly Record<string, string>[] = [
          { 'x-forwarded-uri': '/public/x' },
          { 'x-original-url': `https://${app}/public/x` },
          { 'x-original-uri': '/public/x' },
          { 'x-rewrite-url': '/public/x' },
          { 'x-forwarded-host': 'other.localhost' },
          { 'x-forwarded-method': 'OPTIONS' },
          { 'x-original-method': 'OPTIONS' },
          { 'x-forwarded-proto': 'http' },
          { 'user-agent': 'GoogleHC/1.0' },
        ]
        for (const headers of spoofs) {
          assert.equal((await ask({ path: '/x', headers })).status, 401, JSON.stringify(headers))
        }
        for (const from of ['10.1.2.3', '::ffff:10.1.2.3', 'unknown', '10.1.2.3, 127.0.0.1', '']) {
          const headers = { 'x-forwarded-for': from, 'x-real-ip': '10.1.2.3', forwarded: 'for=10.1.2.3' }
          assert.equal((await ask({ path: '/office', headers })).status, 403, from)
        }
      })
      assert.deepEqual(nothing, [])
    })

    test('attacks 1, 2: a path that can be read in two ways does not pass', async () => {
      const paths = ['/public/../closed', '/public/%2e%2e/closed', '/public/..;/closed', '/public%2f..%2fclosed']
      for (const path of [...paths, '/.gatehouse/../closed', '/gatehouse-question', '/forward-auth/forwarded']) {
        const arrived = await reached(async () => {
          const { status, headers } = await ask({ path })
          assert.ok(status >= 400, `${path}: ${status}`)
          assert.equal(headers['x-gatehouse-assertion'], undefined)
        })
        assert.deepEqual(arrived, [], path)
      }
    })

    test('bodies and methods arrive untouched; HEAD has no body', async () => {
      const body = JSON.stringify({ text: 'x'.repeat(200_000) })
      const posted = await ask({
        path: '/api?x=1',
        method: 'POST',
        headers: { ...bearer(), 'content-type': 'application/json', 'content-length': String(body.length) },
        body,
      })
      assert.equal(posted.status, 200, posted.body)
      const arrived = seen.at(-1)
      assert.deepEqual([arrived?.method, arrived?.url, arrived?.body === body], ['POST', '/api?x=1', true])
      const refused = await ask({ path: '/api', method: 'POST', body: 'a=b' })
      assert.equal(refused.status, 401)
      const head = await ask({ path: '/x', method: 'HEAD', headers: bearer() })
      assert.deepEqual([head.status, head.body, head.headers['x-app'], seen.at(-1)?.method], [200, '', 'yes', 'HEAD'])
      assert.equal((await ask({ path: '/x', method: 'HEAD' })).status, 401)
      assert.equal((await ask({ path: '/x', method: 'DELETE', headers: bearer() })).status, 200)
      assert.equal(seen.at(-1)?.method, 'DELETE')
      const other = { ...bearer(), 'x-http-method-override': 'DELETE' }
      assert.ok((await ask({ path: '/read', headers: other })).status >= 400, 'attack 3: another method by a header')
    })

    test('a WebSocket opens for pages of the app itself, and for nobody else', async (t) => {
      const person = browser()
      await person.openSigningIn(app, '/', 'ada')
      const cookie = `__Host-gatehouse-app=${person.jars.get(app)?.get('__Host-gatehouse-app')}`
      const own = `https://${app}:${place.proxyPort}`
      assert.match(await socket(t, cookie, own), /^HTTP\/1\.1 101 [\s\S]*ping$/, output)
      assert.equal(seen.at(-1)?.headers['remote-user'], 'ada')
      const nothing = await reached(async () => {
        assert.match(await socket(t, cookie, 'https://evil.example'), /^HTTP\/1\.1 403 /)
        assert.match(await socket(t, '', own), /^HTTP\/1\.1 401 /)
      })
      assert.deepEqual(nothing, [])
    })

    test('an open WebSocket ends with the session it was opened by', async (t) => {
      const person = browser()
      await person.openSigningIn(app, '/', 'ada')
      const cookie = `__Host-gatehouse-app=${person.jars.get(app)?.get('__Host-gatehouse-app')}`
      const open = new WebSocket(`wss://127.0.0.1:${place.proxyPort}/live`, {
        servername: app,
        rejectUnauthorized: false,
        headers: { host: `${app}:${place.proxyPort}`, cookie, origin: `https://${app}:${place.proxyPort}` },
      } as WebSocket.ClientOptions)
      t.after(() => open.terminate())
      await once(open, 'open')
      const closed = once(open, 'close')
      assert.equal((await person.visit(app, '/.gatehouse/sign-out', {})).status, 200)
      assert.equal((await closed)[0], 1008)
      // in no spelling does the proxy carry one itself
      for (const upgrade of ['WebSocket', 'websocket, x', 'x', '0', '"']) {
        const answer = await ask({ path: '/x', headers: { ...bearer(), connection: 'upgrade', upgrade } })
        assert.equal(answer.headers['x-app'] === undefined || seen.at(-1)?.headers.upgrade === undefined, true, upgrade)
      }
    })

    function socket(t: TestContext, cookie: string, origin: string): Promise<string> {
      const client = connect({ host: '127.0.0.1', port: place.proxyPort, servername: app, rejectUnauthorized: false })
      t.after(() => client.destroy())
      const lines = [
        'GET /socket HTTP/1.1',
        `Host: ${app}:${place.proxyPort}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13',
        `Origin: ${origin}`,
        ...(cookie === '' ? [] : [`Cookie: ${cookie}`]),
      ]
      return new Promise((resolve) => {
        let answer = ''
        client.on('error', () => undefined)
        client.on('data', (chunk: Buffer) => {
          const before = answer
          answer += chunk.toString('latin1')
          if (!before.includes('\r\n\r\n') && answer.includes('\r\n\r\n')) {
            if (answer.startsWith('HTTP/1.1 101')) client.write('ping')
            else client.end()
          }
        })
        client.on('close', () => resolve(answer))
        client.write(`${lines.join('\r\n')}\r\n\r\n`)
      })
    }

    test('without Gatehouse nobody passes', async () => {
      await product.stop()
      const nothing = await reached(async () => {
        for (const path of ['/x', '/public/x']) {
          const { status } = await ask({ path, headers: bearer() })
          assert.ok(status >= 500, `${path}: ${status}`)
        }
      })
      assert.deepEqual(nothing, [])
    })
  })
}

async function startGatehouse(place: Place): Promise<Product> {
  const directory = join(place.directory, 'gatehouse')
  mkdirSync(directory)
  writeFileSync(join(directory, 'gatehouse.toml'), adapted(printed('toml', place.manner), place))
  // the addresses are the file's: the variables that tests start with would win
  return startProduct({
    directory,
    environment: {
      GATEHOUSE_LISTEN_HTTPS: `127.0.0.1:${place.httpsPort}`,
      GATEHOUSE_LISTEN_HTTP: `127.0.0.1:${place.httpPort}`,
    },
  })
}

/** Routes, people, and the authority's certificate for the proxy. @returns an API token of bob's */
async function prepareGatehouse(product: Product, place: Place): Promise<string> {
  const { directory } = place
  const command = async (args: readonly string[], stdin = ''): Promise<string> => {
    const { code, stdout, stderr } = await runCommand(product.directory, args, stdin)
    if (code !== 0) throw new Error(stderr)
    return stdout
  }
  await command(['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin'], `${testPassword}\n`)
  writeFileSync(join(directory, 'gatehouse-ca.pem'), await command(['ca', '--pem']))
  const bob = { handle: 'bob', displayName: 'Bob', password: testPassword }
  await posted(product, '/api/v1/accounts', bob)
  const command_ = /^gatehouse routes create app (.*)$/m.exec(adapted(page, place))?.[1]
  const create = command_?.split(' ') ?? assert.fail('no route is made in docs/forward-auth.md')
  await command(['routes', 'create', 'app', ...create])
  const upstreams = ['none:']
  const open = { kind: 'public', reason: 'a test of what is public' }
  const closed = { kind: 'permission', permission: 'routes:use:closed' }
  await posted(product, '/api/v1/routes', { name: 'public', host: app, path: '/public', upstreams, access: open })
  await posted(product, '/api/v1/routes', { name: 'closed', host: app, path: '/closed', upstreams, access: closed })
  const office = { name: 'office', host: app, path: '/office', upstreams, access: open, networks: ['10.1.0.0/16'] }
  await posted(product, '/api/v1/routes', office)
  const read = { name: 'read', host: app, path: '/read', methods: ['GET'], upstreams, access: { kind: 'signed-in' } }
  await posted(product, '/api/v1/routes', read)
  const signedIn = await posted(product, '/api/v1/sign-in', { handle: 'bob', password: testPassword, label: 'ci' })
  return String(signedIn['secret'])
}

async function posted(product: Product, path: string, body: unknown): Promise<Readonly<Record<string, unknown>>> {
  const answer = await askLocally(product, path, { method: 'POST', body: JSON.stringify(body) })
  if (answer.status >= 300) throw new Error(answer.text)
  return answer.json
}
