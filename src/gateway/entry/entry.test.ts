import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import type { Actor } from '#kit'
import { defineRoom, type GatewayAnswer, type GatewayAuthenticator, type GatewayProof, tables, touch } from '#platform'
import { eachDialect } from '#platform/testing'
import { handshake, startSocketUpstream } from '../sockets/testing.ts'
import { type Answer, startGate, startUpstream, TestBrowser, type TestGate } from '../testing.ts'
import { Authenticators } from './authenticators.ts'

const host = 'app.localhost'
const appCookie = '__Host-gatehouse-app'
const signedIn = { kind: 'signed-in' }
const system: Actor = { principal: { kind: 'system', id: 'system', name: 'test' } }
const everywhere = { permissions: ['*'], networks: { allow: [], deny: [] }, regions: [], expiresAt: undefined }

/** A room that lets share links in: by a field, a cookie or an Authorization of its own. */
function shareRoom(share: Share) {
  const proof = (accountId: string): GatewayProof => ({
    actor: {
      principal: { kind: 'account', id: accountId, name: 'ada' },
      credential: { id: 'shr_1', kind: 'share', ...everywhere },
    },
    again: (): GatewayAnswer => (share.revoked ? undefined : proof(accountId)),
  })
  const answerTo = (text: string | undefined): GatewayAnswer => {
    if (text === undefined) return undefined
    if (text === 'good' && share.accountId !== undefined && !share.revoked) return proof(share.accountId)
    return { code: 'share.ended', reason: 'The share link has ended.', challenge: 'Share realm="test"' }
  }
  const deliberate = (answer: GatewayAnswer): GatewayAnswer =>
    answer !== undefined && 'actor' in answer ? { ...answer, deliberate: true } : answer
  const authenticator: GatewayAuthenticator = {
    name: 'share',
    title: 'share links',
    challenge: 'Share realm="test"',
    ownsAuthorization: (value) => value.startsWith('Share '),
    authenticate({ headers, target }) {
      share.asked += 1
      const { cookie = '', authorization } = headers
      const field = headers['x-gatehouse-share']
      if (typeof field === 'string') return deliberate(answerTo(field))
      if (authorization?.startsWith('Share ') === true) {
        return Promise.resolve(deliberate(answerTo(authorization.slice(6))))
      }
      if (target.includes('broken')) return Promise.reject(new Error('the share store is away'))
      return answerTo(/__Host-gatehouse-share=([^;]*)/.exec(cookie)?.[1])
    },
  }
  return defineRoom({
    name: 'share',
    config: z.strictObject({}).prefault({}),
    migrations: [],
    errors: {},
    permissions: [],
    needs: {},
    open: async () => ({ face: {}, gatewayAuthenticators: [authenticator] }),
  })
}

interface Share {
  accountId: string | undefined
  revoked: boolean
  asked: number
}

async function start(t: TestContext) {
  const share: Share = { accountId: undefined, revoked: false, asked: 0 }
  const gate = await startGate(t, { rooms: [shareRoom(share)] })
  share.accountId = await gate.addAccount('ada')
  return { gate, share }
}

const codeOf = (answer: Answer): unknown => (JSON.parse(answer.body) as { readonly code: unknown }).code

test('another room’s authenticator: one is let in as whom it says, refused, sent on, or it fails closed', async (t) => {
  const { gate, share } = await start(t)
  const upstream = await startUpstream(t)
  const authenticators = ['share', 'session', 'token']
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn, authenticators })
  for (const headers of [
    { 'x-gatehouse-share': 'good' },
    { authorization: 'Share good' },
    { cookie: 'theme=dark; __Host-gatehouse-share=good' },
  ]) {
    const answer = await gate.ask({ host, headers })
    assert.equal(answer.status, 200, answer.body)
    const seen = upstream.seen.at(-1)
    assert.equal(seen?.headers['remote-user'], 'ada')
    assert.doesNotMatch(JSON.stringify(seen?.rawHeaders), /good/, 'its own credential reaches no app')
  }
  for (const headers of [{ 'x-gatehouse-share': 'old' }, { authorization: 'Share old' }]) {
    const refused = await gate.ask({ host, headers })
    assert.deepEqual([refused.status, codeOf(refused)], [401, 'gateway.credential-refused'])
    assert.equal(refused.headers['www-authenticate'], 'Share realm="test"')
    assert.match(refused.body, /The share link has ended/)
  }
  const stranger = await gate.ask({ host })
  assert.deepEqual([stranger.status, codeOf(stranger)], [401, 'gateway.sign-in-required'])
  assert.deepEqual(wwwAuthenticate(stranger), ['Share realm="test"', 'Bearer realm="Gatehouse"'])
  const failed = await gate.ask({ host, path: '/broken' })
  assert.deepEqual([failed.status, codeOf(failed)], [503, 'gateway.unavailable'])
  assert.equal(upstream.seen.length, 3)
  await gate.kernel.journal.flush()
  const journal = await gate.admin('GET', '/api/v1/audit-records?limit=100')
  assert.match(journal.body, /share\.ended/)
  share.revoked = true
  assert.equal((await gate.ask({ host, headers: { 'x-gatehouse-share': 'good' } })).status, 401)
})

test('a page of another site changes nothing with a cookie of another room’s; what it says itself counts', async (t) => {
  const { gate } = await start(t)
  const upstream = await startUpstream(t)
  const authenticators = ['share', 'session']
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn, authenticators })
  const cookie = '__Host-gatehouse-share=good'
  const own = `https://${host}:${gate.port}`
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  const cases: [method: string, headers: Record<string, string>, status: number][] = [
    ['POST', { cookie, ...evil }, 403],
    ['POST', { cookie, origin: 'null' }, 403],
    ['POST', { cookie, origin: own }, 200],
    ['POST', { cookie }, 200],
    ['GET', { cookie, ...evil }, 200],
    ['POST', { authorization: 'Share good', ...evil }, 200],
    ['POST', { 'x-gatehouse-share': 'good', ...evil }, 200],
  ]
  for (const [method, headers, status] of cases) {
    const answer = await gate.ask({ host, method, headers })
    assert.equal(answer.status, status, `${method} ${JSON.stringify(headers)}: ${answer.body}`)
    if (status === 403) assert.equal(codeOf(answer), 'gateway.cross-site')
  }
  const sockets = await startSocketUpstream(t)
  assert.equal((await gate.admin('PATCH', '/api/v1/routes/app', { upstreams: [sockets.origin] })).status, 200)
  assert.equal((await handshake(t, gate, { cookie, origin: 'https://evil.example' })).status, 403)
  assert.equal((await handshake(t, gate, { cookie, origin: own })).status, 101)
})

test('an open socket that another room let in is closed when it says that what let it in has ended', async (t) => {
  const { gate, share } = await start(t)
  const upstream = await startSocketUpstream(t)
  await gate.addRoute({
    name: 'app',
    host,
    upstreams: [upstream.origin],
    access: signedIn,
    authenticators: ['share'],
  })
  const { socket, closed, status } = await handshake(t, gate, { 'x-gatehouse-share': 'good' })
  assert.equal(status, 101)
  socket.send('still there')
  await once(socket, 'message')
  share.revoked = true
  gate.clock.advance(2_000)
  assert.deepEqual(await closed(), [1008, 'the credential ended'])
})

test('attack 14: a credential of a contributed kind reaches no app, not even where the route does not ask for it', async (t) => {
  const { gate, share } = await start(t)
  const upstream = await startUpstream(t)
  const access = { kind: 'public', reason: 'a test of what reaches apps' }
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access })
  const asked = share.asked
  const headers = {
    authorization: 'Share good',
    'x-gatehouse-share': 'good',
    cookie: '__Host-gatehouse-share=good; a=1',
  }
  assert.equal((await gate.ask({ host, headers })).status, 200)
  assert.equal(share.asked, asked, 'a route that does not list it does not ask it')
  const seen = upstream.seen.at(-1)
  assert.doesNotMatch(JSON.stringify(seen?.rawHeaders), /good/)
  assert.equal(seen?.headers.cookie, 'a=1')
  assert.equal(seen?.headers['remote-user'], undefined)
})

test('the first that is there decides: what is bad is never passed on to the next', async (t) => {
  const { gate } = await start(t)
  const upstream = await startUpstream(t)
  const browser = await signedInBrowser(gate, upstream.origin, { authenticators: ['share', 'session', 'token'] })
  const cookie = cookieOf(browser)
  assert.equal((await gate.ask({ host, headers: { cookie } })).status, 200)
  const both = await gate.ask({ host, headers: { cookie, 'x-gatehouse-share': 'old' } })
  assert.equal(codeOf(both), 'gateway.credential-refused')
  const behind = { authenticators: ['session', 'share', 'token'] }
  assert.equal((await gate.admin('PATCH', '/api/v1/routes/app', behind)).status, 200)
  assert.equal((await gate.ask({ host, headers: { cookie, 'x-gatehouse-share': 'old' } })).status, 200)
  const unlisted = { authenticators: ['token'] }
  assert.equal((await gate.admin('PATCH', '/api/v1/routes/app', unlisted)).status, 200)
  const page = await gate.ask({ host, headers: { cookie, accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
  assert.equal(page.status, 401, 'signing in would lead nowhere, so nobody is led there')
})

test('names nobody knows are refused at save, and lists that cannot be meant', async (t) => {
  const { gate } = await start(t)
  const route = { name: 'app', host, upstreams: ['http://127.0.0.1:9'] }
  const add = (authenticators: readonly string[]) => gate.admin('POST', '/api/v1/routes', { ...route, authenticators })
  const unknown = await add(['session', 'oauth'])
  assert.deepEqual([unknown.status, codeOf(unknown)], [422, 'gateway.authenticator-unknown'])
  assert.match(unknown.body, /oauth.*session, token, certificate, share, anonymous/)
  for (const bad of [[], ['session', 'session'], ['anonymous', 'session'], ['Session'], ['a b']]) {
    assert.equal((await add(bad)).status, 400, JSON.stringify(bad))
  }
  assert.equal((await add(['share', 'anonymous'])).status, 201)
})

test('a room contributes no name that is taken, and none that is no slug', () => {
  const listener = { clientCertificateOf: () => undefined }
  const make = (...names: string[]) =>
    new Authenticators({ kernel: { listener }, identity: { findActor: () => undefined }, pki: {} } as never).contribute(
      names.map((name) => ({ name, title: name, authenticate: () => undefined })),
    )
  for (const name of ['session', 'token', 'certificate', 'anonymous', 'A', '', 'a b']) {
    assert.throws(() => make(name), TypeError, name)
  }
  assert.throws(() => make('share', 'share'), TypeError)
})

eachDialect((_dialect, open) => {
  test('a route whose authenticator is gone lets nobody in, a public one neither', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    const upstream = await startUpstream(t)
    const access = { kind: 'public', reason: 'a test of rooms that are gone' }
    await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access })
    assert.equal((await gate.ask({ host })).status, 200)
    await gate.kernel.context(system).tx(async ({ db }) => {
      const settings = JSON.stringify({ authenticators: ['share', 'session'] })
      await tables<Rows>(db).updateTable('gateway_routes').set({ settings, revision: 2 }).execute()
      touch(db, 'routes')
    })
    const refused = await gate.ask({ host })
    assert.deepEqual([refused.status, codeOf(refused)], [503, 'gateway.authenticator-missing'])
    const why = await gate.admin('GET', '/api/v1/why?permission=routes:use:app')
    assert.match(why.body, /route-authenticator/)
    assert.equal(upstream.seen.length, 1)
  })

  test('routes from before there were authenticators ask for what they asked for', async (t) => {
    const gate = await startGate(t, { place: (context) => open.place(context) })
    await gate.addRoute({ name: 'old', host, upstreams: ['http://127.0.0.1:9'] })
    await gate.kernel.context(system).tx(async ({ db }) => {
      await tables<Rows>(db).updateTable('gateway_routes').set({ settings: '{}', client_certificates: 1 }).execute()
    })
    const { authenticators } = JSON.parse((await gate.admin('GET', '/api/v1/routes/old')).body) as {
      readonly authenticators: unknown
    }
    assert.deepEqual(authenticators, ['token', 'session', 'certificate'])
  })
})

interface Rows {
  readonly gateway_routes: {
    readonly settings: string
    readonly revision: number
    readonly client_certificates: number
  }
}

test('a page of another site changes nothing with a visitor’s session; the app’s own pages and programs do', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const browser = await signedInBrowser(gate, upstream.origin, {})
  const cookie = cookieOf(browser)
  const own = `https://${host}:${gate.port}`
  const cases: [method: string, headers: Record<string, string>, status: number][] = [
    ['POST', { origin: own, 'sec-fetch-site': 'same-origin' }, 200],
    ['POST', { origin: own }, 200],
    ['POST', {}, 200],
    ['POST', { 'sec-fetch-site': 'none' }, 200],
    ['POST', { 'sec-fetch-site': 'same-origin' }, 200],
    ['GET', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 200],
    ['POST', { origin: 'https://evil.example' }, 403],
    ['PUT', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, 403],
    ['DELETE', { origin: 'null' }, 403],
    ['PATCH', { origin: `http://${host}:${gate.port}` }, 403],
    ['POST', { origin: `https://${host}` }, 403],
    ['POST', { origin: `https://other.localhost:${gate.port}`, 'sec-fetch-site': 'same-site' }, 403],
    ['POST', { 'sec-fetch-site': 'same-site' }, 403],
    ['POST', { 'sec-fetch-site': 'cross-site' }, 403],
    ['POST', { origin: own.toUpperCase() }, 403],
    ['PURGE', { origin: 'https://evil.example' }, 403],
  ]
  for (const [method, headers, status] of cases) {
    const answer = await gate.ask({ host, method, headers: { cookie, ...headers } })
    assert.equal(answer.status, status, `${method} ${JSON.stringify(headers)}: ${answer.body}`)
    if (status === 403) assert.equal(codeOf(answer), 'gateway.cross-site')
  }
  const page = await gate.ask({
    host,
    method: 'POST',
    headers: { cookie, origin: 'https://evil.example', accept: 'text/html', 'sec-fetch-mode': 'navigate' },
  })
  assert.equal(page.status, 403, 'nor is a form’s sender led to sign-in')
  assert.match(page.body, /open the app and do it there/)
  assert.equal(upstream.seen.filter(({ headers }) => headers['remote-user'] === 'alice').length, 7)
})

test('a page of an origin that the route allows with credentials counts as the app’s own; one allowed to read does not', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const browser = await signedInBrowser(gate, upstream.origin, {})
  const origin = 'https://other.example'
  const headers = { cookie: cookieOf(browser), origin, 'sec-fetch-site': 'cross-site' }
  for (const [credentials, status] of [
    [false, 403],
    [true, 200],
  ] as const) {
    const response = { cors: { origins: [origin], credentials } }
    const changed = await gate.admin('PATCH', '/api/v1/routes/app', { response })
    assert.equal(changed.status, 200, changed.body)
    assert.equal((await gate.ask({ host, method: 'POST', headers })).status, status)
  }
  assert.equal(upstream.seen.at(-1)?.headers['remote-user'], 'alice')
  const other = { ...headers, origin: 'https://other.example.evil.example' }
  assert.equal((await gate.ask({ host, method: 'POST', headers: other })).status, 403)
})

test('on a public route a page of another site reaches the app as nobody', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const browser = await signedInBrowser(gate, upstream.origin, {})
  const access = { kind: 'public', reason: 'a test of other sites' }
  assert.equal((await gate.admin('PATCH', '/api/v1/routes/app', { access })).status, 200)
  const headers = { cookie: cookieOf(browser), origin: 'https://evil.example' }
  assert.equal((await gate.ask({ host, method: 'POST', headers })).status, 200)
  assert.equal(upstream.seen.at(-1)?.headers['remote-user'], undefined)
  assert.equal((await gate.ask({ host, method: 'GET', headers })).status, 200)
  assert.equal(upstream.seen.at(-1)?.headers['remote-user'], 'alice')
})

test('a stranger is asked to sign in without the chain being asked, unless anonymous is listed', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  const text = 'permit (principal, action == Gatehouse::Action::"routes:use", resource is Gateway::Route);'
  const policy = { name: 'everybody', title: 'Everybody', text, state: 'enforced', reason: 'test' }
  assert.equal((await gate.admin('POST', '/api/v1/policies', policy)).status, 201)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin] })
  assert.equal((await gate.ask({ host })).status, 401)
  const open = { authenticators: ['session', 'anonymous'] }
  assert.equal((await gate.admin('PATCH', '/api/v1/routes/app', open)).status, 200)
  assert.equal((await gate.ask({ host })).status, 200)
  assert.equal(upstream.seen.length, 1)
})

/** A browser that signed in to the route `app` as alice. */
export async function signedInBrowser(gate: TestGate, upstream: string, more: object): Promise<TestBrowser> {
  await gate.addRoute({ name: 'app', host, upstreams: [upstream], access: signedIn, ...more })
  await gate.addAccount('alice')
  const browser = new TestBrowser(gate)
  assert.equal((await browser.openSigningIn(host, '/', 'alice')).body, 'hello')
  return browser
}

function cookieOf(browser: TestBrowser): string {
  return `${appCookie}=${browser.jars.get(host)?.get(appCookie) ?? ''}`
}

function wwwAuthenticate({ rawHeaders }: Answer): readonly string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'www-authenticate')
}
