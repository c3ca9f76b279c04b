import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp, type RequestListener, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type TestContext, test } from 'node:test'
import { parseCidr } from '#kit'
import { testCertificate } from '#platform/testing'
import { createEgress, type EgressSettings } from './create-egress.ts'

const loopback = [parseCidr('127.0.0.1/32')].flatMap((cidr) => cidr ?? [])
const refused = { code: 'platform.egress-refused' }
const failed = { code: 'platform.egress-failed' }

async function serve(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const serveHttp = (t: TestContext, handler: RequestListener): Promise<number> => serve(t, createHttp(handler))

/** An egress that may call this machine and resolves every name to it. */
function local(settings: EgressSettings = {}) {
  return createEgress({ allowNetworks: loopback, resolve: () => Promise.resolve(['127.0.0.1']), ...settings })
}

test('attack 24: what is not a public http address is refused before anything is resolved or sent', async (t) => {
  let requests = 0
  const port = await serveHttp(t, (_request, response) => {
    requests += 1
    response.end()
  })
  const egress = createEgress({ resolve: () => assert.fail('resolved') })
  for (const url of [
    `http://127.0.0.1:${port}/`,
    `http://127.1:${port}/`,
    `http://2130706433:${port}/`,
    `http://0x7f000001:${port}/`,
    `http://0177.0.0.1:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://[::1]:${port}/`,
    `http://[64:ff9b::7f00:1]:${port}/`,
    `http://[2002:7f00:1::]:${port}/`,
    `http://0.0.0.0:${port}/`,
    `http://１２７.0.0.1:${port}/`,
    'http://169.254.169.254/latest/meta-data/',
    'http://user@1.1.1.1/',
    'http://user:password@1.1.1.1/',
    'ftp://1.1.1.1/',
    'file:///etc/passwd',
    'gopher://1.1.1.1/',
    'data:text/plain,x',
  ]) {
    await assert.rejects(egress.request(new URL(url), { allowHttp: true }), refused, url)
  }
  await assert.rejects(egress.request(new URL('http://1.1.1.1/')), refused, 'http without permission')
  assert.equal(requests, 0)
})

test('attack 24: a name with any address of ours is refused, the metadata service and mixed answers included', async () => {
  for (const answer of [
    ['127.0.0.1'],
    ['169.254.169.254'],
    ['::1'],
    ['fd00::1'],
    ['::ffff:10.0.0.1'],
    ['1.1.1.1', '10.0.0.1'],
    ['2606:4700::1', 'fe80::1'],
    ['fe80::1%eth0'],
    ['not an address'],
  ]) {
    const egress = createEgress({ resolve: () => Promise.resolve(answer) })
    await assert.rejects(egress.request(new URL('https://name.example/')), refused, answer.join(' '))
  }
  await assert.rejects(createEgress().request(new URL('https://localhost/')), refused, 'the system resolver')
})

test('attack 24: the name is resolved once and the connection goes to what was checked', async (t) => {
  const port = await serveHttp(t, (request, response) => void response.end(`${request.headers.host} ${request.url}`))
  let resolved = 0
  const egress = local({
    resolve: () => {
      resolved += 1
      // a second answer would rebind the name to an address nobody checked
      return Promise.resolve(resolved === 1 ? ['127.0.0.1'] : ['127.0.0.2'])
    },
  })
  const url = new URL(`http://rebind.example:${port}/path?q=1#fragment`)
  const { status, body } = await egress.request(url, { allowHttp: true })
  assert.equal(status, 200)
  assert.equal(Buffer.from(body).toString(), `rebind.example:${port} /path?q=1`)
  assert.equal(resolved, 1)
})

test('a redirect is answered, never followed', async (t) => {
  let requests = 0
  const port = await serveHttp(t, (_request, response) => {
    requests += 1
    response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
  })
  const { status, headers } = await local().request(new URL(`http://a.example:${port}/`), { allowHttp: true })
  assert.deepEqual([status, headers['location'], requests], [302, 'http://169.254.169.254/', 1])
})

test('certificates are verified for the name, not the address', async (t) => {
  const certificate = testCertificate('good.example')
  const port = await serve(
    t,
    createHttps(certificate, (_request, response) => void response.end('secure')),
  )
  const { body } = await local({ ca: certificate.cert }).request(new URL(`https://good.example:${port}/`))
  assert.equal(Buffer.from(body).toString(), 'secure')
  await assert.rejects(local({ ca: certificate.cert }).request(new URL(`https://evil.example:${port}/`)), failed)
  await assert.rejects(local().request(new URL(`https://good.example:${port}/`)), failed, 'unknown root')
})

test('the body is bounded whatever the length says, and so is the time', async (t) => {
  const port = await serveHttp(t, (request, response) => {
    if (request.url === '/exact') response.end('x'.repeat(1_000))
    else if (request.url === '/endless') {
      const timer = setInterval(() => response.write('x'.repeat(100)), 1)
      response.on('close', () => clearInterval(timer))
    } else if (request.url === '/drip') response.write('x')
  })
  const ask = (path: string, options: object) =>
    local().request(new URL(`http://a.example:${port}${path}`), { allowHttp: true, ...options })
  assert.equal((await ask('/exact', { maxBytes: 1_000 })).body.length, 1_000)
  await assert.rejects(ask('/exact', { maxBytes: 999 }), failed)
  await assert.rejects(ask('/endless', { maxBytes: 10_000 }), failed)
  assert.equal((await ask('/endless', { maxBytes: 10_050, cutBody: true })).body.length, 10_050)
  await assert.rejects(ask('/drip', { timeoutMs: 100 }), failed)
  await assert.rejects(ask('/silent', { timeoutMs: 100 }), failed)
  const controller = new AbortController()
  const aborted = ask('/silent', { signal: controller.signal })
  controller.abort()
  await assert.rejects(aborted, failed)
  const stuck = local({ resolve: () => new Promise(() => undefined) })
  await assert.rejects(stuck.request(new URL('https://a.example/'), { timeoutMs: 50 }), failed, 'a resolver that hangs')
})

test("method, headers and body arrive; framing is not the caller's", async (t) => {
  const port = await serveHttp(t, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('x-two', ['a', 'b'])
      response.end(`${request.method} ${String(request.headers['x-sent'])} ${Buffer.concat(chunks).toString()}`)
    })
  })
  const url = new URL(`http://a.example:${port}/`)
  const post = { method: 'POST', headers: { 'x-sent': 'yes' }, body: 'hello', allowHttp: true } as const
  const answer = await local().request(url, post)
  assert.equal(Buffer.from(answer.body).toString(), 'POST yes hello')
  assert.equal(answer.headers['x-two'], 'a, b')
  for (const name of ['Host', 'Content-Length', 'transfer-encoding', 'Connection']) {
    await assert.rejects(local().request(url, { allowHttp: true, headers: { [name]: 'x' } }), TypeError, name)
  }
  for (const value of ['a\r\nx-injected: 1', 'a\0']) {
    await assert.rejects(local().request(url, { allowHttp: true, headers: { 'x-sent': value } }), failed)
  }
})

test('what is told outside names neither address nor query', async () => {
  const egress = createEgress({ resolve: () => Promise.resolve(['10.1.2.3']) })
  const error = await egress
    .request(new URL('https://inside.example/?token=planted'))
    .catch((caught: unknown) => caught)
  assert.ok(error instanceof Error && 'detail' in error && typeof error.detail === 'string')
  assert.ok(!error.detail.includes('10.1.2.3'))
  assert.match(error.message, /https:\/\/inside\.example: 10\.1\.2\.3 is not a public address/)
  assert.ok(!error.message.includes('planted'))
})
