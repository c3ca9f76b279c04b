import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as plainRequest,
} from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { runCommand } from './product/command.ts'
import { freePort } from './product/free-port.ts'
import { askLocally } from './product/http.ts'
import { observatoryScore, type Score, type Site } from './product/observatory.ts'
import { cleanUp, type Product, startProduct } from './product/start.ts'

const consoleHost = 'gatehouse.localhost'
const password = 'granite harbour willow 7'
const publicly = { kind: 'public', reason: 'a page to be scored' }

const bare: Site = {
  host: 'site.example',
  headers: { 'content-type': 'text/html' },
  html: '',
  redirect: { status: 200, location: undefined },
  cors: { origin: 'https://other.example', headers: {} },
}

test('the published rules: what a bare site loses, what a good one gains, and what only counts from 90 on', () => {
  // −25 policy, −20 redirection, −20 HSTS, −5 sniffing, −20 framing
  assert.deepEqual([observatoryScore(bare).score, observatoryScore(bare).grade], [10, 'F'])
  const good: Site = {
    ...bare,
    redirect: { status: 301, location: 'https://site.example/' },
    headers: {
      'content-type': 'text/html',
      'content-security-policy': "default-src 'none'; script-src 'self'; frame-ancestors 'none'",
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'set-cookie': ['session=1; Secure; HttpOnly; SameSite=Lax'],
    },
  }
  const scored = observatoryScore(good)
  assert.deepEqual([scored.score, scored.grade], [100 + 10 + 5 + 10 + 5 + 5, 'A+'], JSON.stringify(scored.results))
  const change = (headers: Site['headers'], more: Partial<Site> = {}) =>
    observatoryScore({ ...good, ...more, headers: { ...good.headers, ...headers } }).score
  const full = scored.score
  // below 90 no bonus counts
  assert.equal(change({ 'content-security-policy': "script-src 'unsafe-inline'; object-src 'none'" }), 60)
  assert.equal(change({ 'content-security-policy': "script-src https:; frame-ancestors 'none'" }), 80)
  assert.equal(change({ 'content-security-policy': "default-src 'self'; frame-ancestors 'none'" }), full - 5)
  assert.equal(
    change({ 'content-security-policy': "default-src 'none'; img-src http:; frame-ancestors 'none'" }),
    full - 20,
  )
  assert.equal(change({ 'content-security-policy': "default-src 'none'; script-src 'unsafe-eval'" }), 70)
  assert.equal(change({ 'strict-transport-security': 'max-age=600' }), full - 10)
  assert.equal(change({ 'strict-transport-security': undefined }), 80)
  assert.equal(change({ 'set-cookie': ['session=1; Secure; SameSite=Lax'] }), 70)
  assert.equal(change({ 'set-cookie': ['session=1; HttpOnly; SameSite=Lax'] }), full - 15)
  assert.equal(change({ 'set-cookie': ['a=1; Secure'] }), full - 5)
  assert.equal(change({ 'set-cookie': ['a=1; Secure; SameSite=x'] }), 80)
  assert.equal(change({ 'referrer-policy': 'unsafe-url' }), full - 10)
  assert.equal(change({ 'cross-origin-resource-policy': 'cross-origin' }), full - 10)
  assert.equal(change({}, { html: '<script src="https://cdn.example/x.js"></script>' }), full - 5)
  assert.equal(change({}, { html: '<script src="http://cdn.example/x.js"></script>' }), 50)
  assert.equal(change({}, { html: '<script src="//cdn.example/x.js" integrity="sha384-x"></script>' }), 80)
  assert.equal(change({}, { redirect: { status: 301, location: 'https://www.site.example/' } }), full - 5)
  const open = { 'access-control-allow-origin': bare.cors.origin, 'access-control-allow-credentials': 'true' }
  assert.equal(change({}, { cors: { ...bare.cors, headers: open } }), 50)
})

/**
 * A real server whose links use port 443, as behind a port forward: that turns HSTS on. It listens elsewhere; the requests
 * say the host without a port, as browsers do on 443, and the name in the TLS handshake. Apps under `localhost` have no HSTS
 * by design, so theirs are other hosts.
 */
describe('the pages of a real server by the published rules', () => {
  let product: Product
  let folder: string
  let plainPort = 0
  let cookie = ''
  const app = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.setHeader('set-cookie', ['sessionid=1; Path=/', 'csrftoken=2; Path=/; Domain=.example.org'])
    response.setHeader('server', 'app/1.0')
    response.end('<!doctype html><title>App</title><script src="/app.js"></script>')
  })

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-site-'))
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Site</title><p>Hello')
    await new Promise<void>((done) => app.listen(0, '127.0.0.1', done))
    const port = await freePort()
    plainPort = await freePort()
    const started = await startProduct({
      environment: {
        GATEHOUSE_LISTEN_HTTPS: `127.0.0.1:${port}`,
        GATEHOUSE_LISTEN_HTTP: `127.0.0.1:${plainPort}`,
        GATEHOUSE_CONSOLE_PORT: '443',
        GATEHOUSE_GATEWAY_FOLDERS: folder,
      },
    })
    product = { ...started, port }
    const upstreams = [`http://127.0.0.1:${(app.address() as AddressInfo).port}`]
    const routes = [
      { name: 'guarded', host: 'guarded.example.org', upstreams },
      { name: 'strict', host: 'strict.example.org', upstreams, access: publicly, response: { preset: 'strict' } },
      { name: 'site', host: 'site.example.org', upstreams: [`folder:${folder}`], access: publicly },
      { name: 'old', host: 'old.example.org', upstreams, access: publicly },
      { name: 'part', host: 'part.example.org', path: '/only', upstreams, access: publicly },
    ]
    for (const route of routes) {
      const made = await askLocally(product, '/api/v1/routes', { method: 'POST', body: JSON.stringify(route) })
      assert.equal(made.status, 201, made.text)
    }
  })
  after(async () => {
    await cleanUp()
    app.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('the console: set-up, sign-in, pages for who is signed in, errors', async () => {
    const setup = new URL(product.setupLink ?? '')
    const opened = await fetched(consoleHost, setup.pathname + setup.search)
    assert.equal(opened.status, 303)
    const held = (opened.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')
    await assertBest(consoleHost, String(opened.headers.location), { cookie: held })
    const made = await runCommand(
      product.directory,
      ['setup', '--handle', 'ada', '--display-name', 'Ada', '--password-stdin'],
      `${password}\n`,
    )
    assert.equal(made.code, 0, made.stderr)
    await assertBest(consoleHost, '/sign-in')
    const signedIn = await fetched(consoleHost, '/sign-in', {
      method: 'POST',
      headers: { origin: `https://${consoleHost}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ handle: 'ada', password }).toString(),
    })
    cookie = (signedIn.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')
    assert.match(cookie, /__Host-gatehouse=/)
    // the answer that sets our cookie is scored with it
    const scored = observatoryScore({ ...(await siteOf(consoleHost, '/sign-in')), headers: signedIn.headers })
    assert.equal(
      scored.results.find(({ test: name }) => name === 'cookies')?.modifier,
      5,
      JSON.stringify(scored.results),
    )
    for (const path of ['/', '/routes', '/routes/strict/defence', '/accounts', '/journal']) {
      await assertBest(consoleHost, path, { cookie })
    }
    await assertBest(consoleHost, '/no-such-page', { cookie }, 404)
    await assertBest(consoleHost, '/errors/gateway.rate-limited')
  })

  test('our own pages on app hosts: refusals, unknown paths, signing out', async () => {
    await assertBest('guarded.example.org', '/', { 'sec-fetch-mode': 'no-cors' }, 401)
    await assertBest('part.example.org', '/elsewhere', {}, 404)
    await assertBest('guarded.example.org', '/.gatehouse/sign-out')
    // on the way to sign in: no page, but its headers count all the same
    const led = await fetched('guarded.example.org', '/', { headers: { 'sec-fetch-mode': 'navigate' } })
    assert.equal(led.status, 303)
    assert.match(String(led.headers['strict-transport-security']), /^max-age=/)
  })

  test('a strict route is an A+ whatever its app says nothing about; a folder is one without being told', async () => {
    const score = await assertBest('strict.example.org', '/')
    assert.equal(score.results.find(({ test: name }) => name === 'cookies')?.modifier, 5, JSON.stringify(score.results))
    await assertBest('site.example.org', '/')
  })

  test('a compatible route is better than its app alone, and no A+: that would break what it does not know', async () => {
    const site = await siteOf('old.example.org', '/')
    const { score, results } = observatoryScore(site)
    const lost = results.filter(({ modifier }) => modifier < 0).map(({ test: name }) => name)
    // its policy restricts no scripts, and scripts may read its cookies
    assert.deepEqual(lost, ['content-security-policy', 'cookies'])
    assert.equal(score, 50)
  })

  async function assertBest(
    host: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    status = 200,
  ): Promise<Score> {
    const site = await siteOf(host, path, headers, status)
    const scored = observatoryScore(site)
    const text = `${host}${path}: ${JSON.stringify(scored)}`
    assert.equal(scored.grade, 'A+', text)
    assert.ok(
      scored.results.every(({ modifier }) => modifier >= 0),
      text,
    )
    // policy, resource policy, referrer, framing: every bonus but those for cookies, hashes and preload lists
    assert.ok(scored.score >= 130, text)
    return scored
  }

  async function siteOf(
    host: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    status = 200,
  ): Promise<Site> {
    const origin = 'https://http-observatory.example'
    const page = await fetched(host, path, { headers: { accept: 'text/html', ...headers } })
    assert.equal(page.status, status, `${host}${path}: ${page.status} ${String(page.headers.location)}`)
    const shared = await fetched(host, path, { headers: { accept: 'text/html', ...headers, origin } })
    const plain = await plainly(host)
    return {
      host,
      headers: page.headers,
      html: page.text,
      redirect: { status: plain.status, location: plain.headers.location },
      cors: { origin, headers: shared.headers },
    }
  }

  interface Asked {
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }

  interface Fetched {
    readonly status: number
    readonly headers: IncomingHttpHeaders
    readonly text: string
  }

  function fetched(
    host: string,
    path: string,
    { method = 'GET', headers = {}, body = '' }: Partial<Asked> = {},
  ): Promise<Fetched> {
    const options = { host: '127.0.0.1', port: product.port, servername: host, rejectUnauthorized: false, agent: false }
    return answered(request({ ...options, method, path, headers: { host, ...headers } }), body)
  }

  function plainly(host: string): Promise<Fetched> {
    return answered(plainRequest({ host: '127.0.0.1', port: plainPort, headers: { host } }), '')
  }

  async function answered(asked: ClientRequest, body: string): Promise<Fetched> {
    asked.end(body)
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response) text += String(chunk)
    return { status: response.statusCode ?? 0, headers: response.headers, text }
  }
})
