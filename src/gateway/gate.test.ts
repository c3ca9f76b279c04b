import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { eachDialect, fakeClock, type Place } from '#platform/testing'
import { openHttp2, startGate, startUpstream, TestBrowser, testPassword } from './testing.ts'

const host = 'app.localhost'
const consoleHost = 'gatehouse.localhost'
const appCookie = '__Host-gatehouse-app'

const signedIn = { kind: 'signed-in' }

test('attack 7: a public route does not open another one that asks for the same permission', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const access = { kind: 'public', reason: 'a test of routes that share a permission' }
  await gate.addRoute({ name: 'blog', host, upstreams: [upstream.origin], access })
  const guarded = { kind: 'permission', permission: 'routes:use:blog' }
  await gate.addRoute({ name: 'drafts', host: 'drafts.localhost', upstreams: [upstream.origin], access: guarded })
  assert.equal((await gate.ask({ host })).status, 200)
  assert.equal((await gate.ask({ host: 'drafts.localhost' })).status, 401)
  assert.equal((await gate.ask({ host })).status, 200)
})

eachDialect((dialect, open) => {
  test('the way of the house: signs in once, reaches the app; another is refused and told why; both journalled', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const upstream = await startUpstream(t)
    await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin] })
    await gate.addAccount('alice', ['administrator'])
    await gate.addAccount('bob')

    const alice = new TestBrowser(gate)
    const reached = await alice.openSigningIn(host, '/deep/page?x=1&y=%2F', 'alice')
    assert.equal(reached.status, 200)
    assert.equal(reached.body, 'hello')
    assert.equal(reached.url, `https://${host}:${gate.port}/deep/page?x=1&y=%2F`)
    assert.equal(upstream.seen.at(-1)?.url, '/deep/page?x=1&y=%2F')
    assert.equal((await alice.open(host, '/again')).body, 'hello')

    const bob = new TestBrowser(gate)
    const refused = await bob.openSigningIn(host, '/deep', 'bob')
    assert.equal(refused.status, 403)
    assert.match(refused.body, /policy/)
    assert.match(refused.body, /routes:use:app/)
    assert.equal(upstream.seen.length, 2)

    await gate.kernel.journal.flush()
    const journal = await gate.admin('GET', '/api/v1/audit-records?limit=100')
    assert.match(journal.body, /"sessions.open"/)
    assert.match(journal.body, /routes:use:app/)
    assert.match(journal.body, /app\.localhost/)
    assert.doesNotMatch(journal.body, /__Host-gatehouse/)
  })

  // a SQLite file belongs to one node
  if (dialect === 'sqlite') return
  test('one session serves on two nodes, and ending it on one ends it on the other', async (t) => {
    let shared: Promise<Place> | undefined
    const place = (context: TestContext) => (shared ??= open.place(context))
    const clock = fakeClock()
    const first = await startGate(t, { place, clock })
    const upstream = await startUpstream(t)
    await first.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
    await first.addAccount('alice')
    const browser = new TestBrowser(first)
    assert.equal((await browser.openSigningIn(host, '/', 'alice')).status, 200)

    const second = await startGate(t, { place, clock, sealOf: first })
    try {
      const cookie = `${appCookie}=${browser.jars.get(host)?.get(appCookie) ?? ''}`
      assert.equal((await second.ask({ host, headers: { cookie } })).status, 200)
      const token = cookie.slice(cookie.indexOf('=') + 1)
      const actor = await first.identity.findSession(token, host, '127.0.0.1')
      if (actor === undefined) return assert.fail('no actor')
      const sessionId = actor.session?.id ?? assert.fail('no session')
      await first.kernel.context(actor).tx((ctx) => first.identity.endSession(ctx, sessionId))
      assert.equal((await first.ask({ host, headers: { cookie } })).status, 401)
      // after a second nothing old is believed; until then a notification may be on its way
      clock.advance(1_001)
      assert.equal((await second.ask({ host, headers: { cookie } })).status, 401)
      assert.equal(upstream.seen.length, 2)
    } finally {
      // before the storage both stand on goes
      await second.stop()
    }
  })
})

test('strangers: a navigation is led to sign-in, everything else gets 401; nothing reaches the app', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
  const led = await gate.ask({ host, path: '/page', headers: { accept: 'text/html' } })
  assert.equal(led.status, 303)
  assert.match(led.headers.location ?? '', new RegExp(`^https://${consoleHost}:${gate.port}/gate\\?state=`))
  assert.match(
    String(led.headers['set-cookie']),
    /^__Host-gatehouse-gate=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax/,
  )
  for (const asked of [
    { host },
    { host, method: 'POST', headers: { accept: 'text/html' } },
    { host, headers: { accept: 'text/html', 'sec-fetch-mode': 'cors' } },
    { host, headers: { accept: 'application/json' } },
  ]) {
    const refused = await gate.ask(asked)
    assert.equal(refused.status, 401)
    assert.match(refused.headers['www-authenticate'] ?? '', /^Bearer/)
    if (asked.method === undefined) assert.match(refused.body, /gateway\.sign-in-required/)
  }
  assert.equal(upstream.seen.length, 0)
})

test('attack 8: whatever is malformed fails closed', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
  await gate.addAccount('alice')
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(host, '/', 'alice')
  const token = browser.jars.get(host)?.get(appCookie) ?? ''
  upstream.seen.length = 0
  const cookies = [
    `${appCookie}=`,
    `${appCookie}=x`,
    `${appCookie}=${token}x`,
    `${appCookie}=${token.slice(0, -1)}`,
    `${appCookie}=${'A'.repeat(43)}`,
    `${appCookie}="${token}"`,
    `${appCookie}=${token}; ${appCookie}=${token}`,
    `${appCookie.toLowerCase()}=${token}`,
    `__Host-gatehouse=${token}`,
    `${appCookie}=%00${token}`,
    `${appCookie}=${'\u00ff'.repeat(43)}`,
    `${'a=b; '.repeat(500)}${appCookie}=x`,
  ]
  for (const cookie of cookies) {
    const answer = await gate.ask({ host, headers: { cookie } })
    assert.equal(answer.status, 401, cookie.slice(0, 80))
  }
  const tokens = [
    'Bearer gat_',
    'Bearer gat_x',
    `Bearer gat_${'A'.repeat(49)}`,
    'Basic gat_x',
    'Bearer gat_x, Bearer y',
    'gat_x',
  ]
  for (const authorization of tokens) {
    // a bad token beside a good cookie: what was presented and failed is not overlooked
    const answer = await gate.ask({ host, headers: { authorization, cookie: `${appCookie}=${token}` } })
    assert.equal(answer.status, 401, authorization)
    assert.match(answer.body, /gateway\.token-refused/)
  }
  assert.equal(upstream.seen.length, 0)
  assert.equal((await gate.ask({ host, headers: { cookie: `${appCookie}=${token}` } })).status, 200)
})

test('attack 8: a bad token is refused where everybody may come in, and never taken for nobody', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const access = { kind: 'public', reason: 'a test of public routes' }
  await gate.addRoute({ name: 'open', host, upstreams: [upstream.origin], access })
  for (const authorization of ['Bearer gat_x', `Bearer gat_${'A'.repeat(49)}`, 'Basic gat_x']) {
    const answer = await gate.ask({ host, headers: { authorization } })
    assert.equal(answer.status, 401, authorization)
    assert.match(answer.headers['www-authenticate'] ?? '', /error="invalid_token"/)
  }
  assert.equal(upstream.seen.length, 0)
})

test('a request that an app sends back to the gate ends there, and nobody else’s Via does that', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const access = { kind: 'public', reason: 'a test of loops' }
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access })
  assert.equal((await gate.ask({ host, headers: { via: '1.1 other, 1.0 gatehouse' } })).status, 200)
  const via = String(upstream.seen[0]?.headers.via)
  assert.match(via, /^1\.1 other, 1\.0 gatehouse, 1\.1 gatehouse-[0-9a-f]+$/)
  const again = await gate.ask({ host, headers: { via } })
  assert.equal(again.status, 508)
  assert.match(again.body, /gateway\.loop/)
  assert.equal(upstream.seen.length, 1)
})

test('attack 9: no User-Agent is a health check', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
  for (const agent of ['GoogleHC/1.0', 'kube-probe/1.30', 'ELB-HealthChecker/2.0', 'Gatehouse upstream test']) {
    for (const path of ['/', '/ping', '/healthz', '/ready']) {
      assert.equal((await gate.ask({ host, path, headers: { 'user-agent': agent } })).status, 401)
    }
  }
  assert.equal(upstream.seen.length, 0)
})

test('attacks 3, 5, 6, 14: what the app is told comes from us alone, and our secrets stay with us', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
  await gate.addRoute({
    name: 'open',
    host: 'open.localhost',
    upstreams: [upstream.origin],
    access: { kind: 'public', reason: 'a test of public routes' },
  })
  const id = await gate.addAccount('alice')
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(host, '/', 'alice')
  const token = browser.jars.get(host)?.get(appCookie) ?? ''
  const hostile = [
    `Host: ${host}:${gate.port}`,
    `Cookie: theme=dark; ${appCookie}=${token}; __Host-gatehouse-gate=n; lang=en`,
    'REMOTE-USER: root',
    'Remote_User: root',
    'rEmOtE-gRoUpS: admins',
    'Remote-Email:',
    'X-Gatehouse-Assertion: e30.e30.x',
    'X_Gatehouse_Assertion: e30.e30.x',
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Host: evil.example',
    'Forwarded: for=127.0.0.1',
    'Connection: close, remote-user, Remote-Groups, x-gatehouse-assertion, X-Forwarded-For, x-secret',
    'X-Secret: for the gate only',
    'X-Mine: passes',
  ].join('\r\n')
  const text = await gate.raw(host, `GET /who HTTP/1.1\r\n${hostile}\r\n\r\n`)
  assert.match(text, /^HTTP\/1\.1 200 /)
  const seen = upstream.seen.at(-1)
  assert.ok(seen)
  assert.equal(seen.headers['remote-user'], 'alice')
  assert.equal(seen.headers['remote-groups'], '')
  assert.equal(seen.headers['remote-email'], '')
  assert.equal(seen.headers['x-forwarded-for'], '127.0.0.1')
  assert.equal(seen.headers['x-forwarded-host'], `${host}:${gate.port}`)
  assert.equal(seen.headers['x-forwarded-proto'], 'https')
  assert.equal(seen.headers.host, `${host}:${gate.port}`)
  assert.equal(seen.headers.cookie, 'theme=dark; lang=en')
  assert.equal(seen.headers['x-mine'], 'passes')
  assert.equal(seen.headers['forwarded'], undefined)
  assert.equal(seen.headers['x-secret'], undefined)
  const names = seen.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
  assert.ok(!names.some((name) => name.includes('_')))
  for (const name of ['remote-user', 'remote-groups', 'x-forwarded-for', 'x-gatehouse-assertion', 'host']) {
    assert.equal(names.filter((one) => one === name).length, 1, name)
  }

  const { body: published } = await gate.ask({ host: consoleHost, path: '/.well-known/gatehouse/jwks.json' })
  const keys = createLocalJWKSet(JSON.parse(published) as Parameters<typeof createLocalJWKSet>[0])
  const { payload, protectedHeader } = await jwtVerify(String(seen.headers['x-gatehouse-assertion']), keys, {
    issuer: `https://${consoleHost}:${gate.port}`,
    audience: `https://${host}:${gate.port}`,
    subject: id,
    algorithms: ['ES256'],
    currentDate: new Date(gate.clock.now()),
  })
  assert.equal(payload['preferred_username'], 'alice')
  assert.ok((payload.exp ?? 0) - (payload.iat ?? 0) <= 300)
  assert.equal(typeof protectedHeader.kid, 'string')
  assert.doesNotMatch(published, /"d"/)

  // a public route hears nothing of a session for another host, and never a token or cookie of ours
  const cookie = `${appCookie}=${token}; a=1`
  const open = await gate.ask({ host: 'open.localhost', headers: { cookie, 'remote-user': 'root' } })
  assert.equal(open.status, 200)
  const publicly = upstream.seen.at(-1)
  assert.equal(publicly?.headers.cookie, 'a=1')
  assert.equal(publicly?.headers['remote-user'], undefined)
  const basic = 'Basic dXNlcjpwYXNz'
  await gate.ask({ host: 'open.localhost', headers: { authorization: basic } })
  assert.equal(upstream.seen.at(-1)?.headers.authorization, basic)
})

test('the assertion is made once per session and route, and again before it ends or when the person changes', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
  const id = await gate.addAccount('alice')
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(host, '/', 'alice')
  const assertion = async () => {
    await browser.open(host, '/')
    return upstream.seen.at(-1)?.headers['x-gatehouse-assertion']
  }
  const first = await assertion()
  gate.clock.advance(230_000)
  assert.equal(await assertion(), first)
  gate.clock.advance(20_000)
  const second = await assertion()
  assert.notEqual(second, first)
  const changed = await gate.admin('PATCH', `/api/v1/accounts/${id}`, { displayName: 'Ada Lovelacé' })
  assert.ok(changed.status < 500, changed.body)
  if (changed.status === 200) {
    assert.notEqual(await assertion(), second)
    assert.equal(upstream.seen.at(-1)?.headers['remote-name'], 'Ada Lovelac%C3%A9')
  }
})

test('an API token of ours proves a person at the gate and goes no further', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
  await gate.addAccount('alice')
  const signIn = await gate.admin('POST', '/api/v1/sign-in', { handle: 'alice', password: testPassword, label: 'ci' })
  const { secret } = JSON.parse(signIn.body) as { readonly secret: string }
  const answer = await gate.ask({ host, headers: { authorization: `Bearer ${secret}` } })
  assert.equal(answer.status, 200, answer.body)
  assert.equal(upstream.seen.at(-1)?.headers.authorization, undefined)
  assert.equal(upstream.seen.at(-1)?.headers['remote-user'], 'alice')
})

test('attacks 1, 2, 10, 13: requests that can be read in two ways are refused over the wire', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const publicly = { kind: 'public', reason: 'a test of public routes' }
  await gate.addRoute({ name: 'site', host, upstreams: [upstream.origin], access: publicly })
  await gate.addRoute({ name: 'admin', host, path: '/admin', upstreams: [upstream.origin], access: signedIn })
  const own = `Host: ${host}:${gate.port}\r\nConnection: close`
  const targets = [
    '/x/../admin',
    '/x/%2e%2e/admin',
    '/x%2f..%2fadmin',
    '/%61dmin',
    '//admin',
    '/Admin',
    '/admin;x',
    '/x;y/../admin',
    '/x\\..\\admin',
    '/admin%2f',
    '/x#/admin',
    `https://${host}/admin`,
    '*',
  ]
  for (const target of targets) {
    const text = await gate.raw(host, `GET ${target} HTTP/1.1\r\n${own}\r\n\r\n`)
    assert.match(text, /^HTTP\/1\.1 (?:400|401|404|421) /, `${target}: ${text.slice(0, 60)}`)
  }
  assert.match(await gate.raw(host, `GET /admin/;x HTTP/1.1\r\n${own}\r\n\r\n`), /^HTTP\/1\.1 401 /)
  const framings = [
    `POST / HTTP/1.1\r\n${own}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${own}\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    `POST / HTTP/1.1\r\n${own}\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    `POST / HTTP/1.1\r\n${own}\r\nContent-Length : 3\r\n\r\nabc`,
    `POST / HTTP/1.1\r\n${own}\r\nContent-Length: +3\r\n\r\nabc`,
    `POST / HTTP/1.1\r\n${own}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${own}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${own}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `GET / HTTP/1.1\r\n${own}\r\nHost: other.localhost\r\n\r\n`,
    `GET / HTTP/1.1\r\nConnection: close\r\n\r\n`,
    `CONNECT other:443 HTTP/1.1\r\n${own}\r\n\r\n`,
    `TRACE / HTTP/1.1\r\n${own}\r\n\r\n`,
  ]
  for (const request of framings) {
    const text = await gate.raw(host, request)
    assert.doesNotMatch(text, /^HTTP\/1\.1 2/, JSON.stringify(request.slice(0, 120)))
  }
  const hosts = [
    `${host}.:${gate.port}`,
    `other.localhost:${gate.port}`,
    `${host}@evil`,
    `evil ${host}`,
    'gatehouse.localhost',
  ]
  for (const other of hosts) {
    const text = await gate.raw(host, `GET / HTTP/1.1\r\nHost: ${other}\r\nConnection: close\r\n\r\n`)
    assert.match(text, /^HTTP\/1\.1 4\d\d /, `${other}: ${text.slice(0, 40)}`)
  }
  assert.equal(upstream.seen.length, 0)
  // mixed case is the same host, with the same rules
  const mixed = await gate.raw(
    host,
    `GET /admin HTTP/1.1\r\nHost: APP.LocalHost:${gate.port}\r\nConnection: close\r\n\r\n`,
  )
  assert.match(mixed, /^HTTP\/1\.1 4(?:01|21) /)
  await assert.rejects(gate.ask({ host: 'unrouted.localhost' }))
})

test('attack 5: the identity headers of an HTTP/2 client never pass either', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t, (request, response) => {
    response.writeHead(200, { 'content-type': 'text/html', trailer: 'x-sum' })
    request.resume()
    request.on('end', () => {
      response.write('<p>hello')
      response.addTrailers({ 'x-sum': 'abc', 'set-cookie': 'no=1' })
      response.end()
    })
  })
  const publicly = { kind: 'public', reason: 'a test of public routes' }
  await gate.addRoute({ name: 'site', host, upstreams: [upstream.origin], access: publicly })
  const session = openHttp2(t, gate, host)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/upload',
    'remote-user': 'root',
    remote_user: 'root',
    'x-gatehouse-assertion': 'x',
    cookie: ['a=1', '__Host-gatehouse-app=x', 'b=2'],
  })
  stream.end('body over two')
  const head: Record<string, unknown> = {}
  const trailers: Record<string, unknown> = {}
  let body = ''
  stream.on('response', (got) => Object.assign(head, got))
  stream.on('trailers', (got: object) => Object.assign(trailers, got))
  stream.on('data', (chunk: Buffer) => {
    body += chunk.toString()
  })
  await once(stream, 'end')
  assert.equal(head[':status'], 200)
  assert.equal(body, '<p>hello')
  assert.ok('content-security-policy' in head)
  assert.ok('x-sum' in trailers && !('set-cookie' in trailers))
  const seen = upstream.seen[0]
  assert.equal(seen?.body, 'body over two')
  assert.equal(seen?.headers['remote-user'], undefined)
  assert.equal(seen?.headers['remote_user'], undefined)
  assert.equal(seen?.headers.cookie, 'a=1; b=2')
})

test('a route limited to networks answers nobody else, sign-in included', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn, networks: ['10.0.0.0/8'] })
  const answer = await gate.ask({ host, headers: { accept: 'text/html', 'x-forwarded-for': '10.0.0.1' } })
  assert.equal(answer.status, 403)
  assert.equal(answer.headers['set-cookie'], undefined)
  assert.equal(upstream.seen.length, 0)
})
