import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachDialect } from '#platform/testing'
import { type Answer, startGate, startUpstream, TestBrowser, type TestGate } from '../testing.ts'
import { hashText, verifyState, writeState } from './state.ts'

const host = 'app.localhost'
const consoleHost = 'gatehouse.localhost'
const signedIn = { kind: 'signed-in' }
const gateCookie = '__Host-gatehouse-gate'

/** A browser signed in to the console that stands before the callback, with the code in its hands. */
async function beforeCallback(gate: TestGate, path = '/page'): Promise<{ browser: TestBrowser; callback: string }> {
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(consoleHost, '/routes', 'alice')
  const led = await browser.visit(host, path)
  const at = new URL(led.headers.location ?? '')
  const answered = await browser.visit(consoleHost, at.pathname + at.search)
  assert.equal(answered.status, 303, answered.body)
  const callback = new URL(answered.headers.location ?? '')
  assert.equal(callback.host, `${host}:${gate.port}`)
  return { browser, callback: callback.pathname + callback.search }
}

async function gateWithApp(...[t, options]: Parameters<typeof startGate>): Promise<TestGate> {
  const gate = await startGate(t, options)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin], access: signedIn })
  await gate.addRoute({ name: 'other', host: 'other.localhost', upstreams: [upstream.origin], access: signedIn })
  await gate.addAccount('alice', ['administrator'])
  return gate
}

function refused(answer: Answer): void {
  assert.equal(answer.status, 403)
  assert.match(answer.body, /gateway\.code-refused/)
  assert.doesNotMatch(String(answer.headers['set-cookie']), /__Host-gatehouse-app/)
}

eachDialect((_, open) => {
  test('a code opens one session: presented again it is refused and journalled', async (t) => {
    const gate = await gateWithApp(t, { place: (context) => open.place(context) })
    const { browser, callback } = await beforeCallback(gate)
    const nonce = browser.jars.get(host)?.get(gateCookie) ?? ''
    const twice = await Promise.all([
      gate.ask({ host, path: callback, headers: { cookie: `${gateCookie}=${nonce}` } }),
      gate.ask({ host, path: callback, headers: { cookie: `${gateCookie}=${nonce}` } }),
    ])
    assert.deepEqual(
      twice.map((answer) => answer.status).toSorted((a, b) => a - b),
      [303, 403],
    )
    const opened = twice.find((answer) => answer.status === 303)
    assert.equal(opened?.headers.location, '/page')
    assert.match(String(opened?.headers['set-cookie']), /__Host-gatehouse-gate=; Path=\/;[^,]*Max-Age=0/)
    assert.match(
      String(opened?.headers['set-cookie']),
      /__Host-gatehouse-app=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax/,
    )
    refused(await browser.visit(host, callback))
    await gate.kernel.journal.flush()
    assert.match((await gate.admin('GET', '/api/v1/audit-records?limit=100')).body, /code-replayed/)
  })
})

test('a code is for one browser, one host and one minute, and dies with the console session', async (t) => {
  const gate = await gateWithApp(t)
  const stolen = await beforeCallback(gate)
  refused(await gate.ask({ host, path: stolen.callback }))
  refused(await gate.ask({ host, path: stolen.callback, headers: { cookie: `${gateCookie}=${'A'.repeat(43)}` } }))
  const nonce = stolen.browser.jars.get(host)?.get(gateCookie) ?? ''
  refused(
    await gate.ask({ host: 'other.localhost', path: stolen.callback, headers: { cookie: `${gateCookie}=${nonce}` } }),
  )
  for (const code of ['', 'x', 'A'.repeat(43), `${'A'.repeat(43)}&code=B`]) {
    refused(await stolen.browser.visit(host, `/.gatehouse/callback?code=${code}`))
  }
  gate.clock.advance(60_000)
  refused(await stolen.browser.visit(host, stolen.callback))

  const late = await beforeCallback(gate)
  const out = await late.browser.visit(consoleHost, '/sign-out', {})
  assert.ok(out.status < 400, out.body)
  refused(await late.browser.visit(host, late.callback))
})

test('attack 8: a state that we did not write, or that ended, signs nobody in', async (t) => {
  const gate = await gateWithApp(t)
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(consoleHost, '/routes', 'alice')
  const led = await browser.visit(host, '/page')
  const state = new URL(led.headers.location ?? '').searchParams.get('state') ?? ''
  const [payload = '', mac = ''] = state.split('.')
  const forged = Buffer.from(JSON.stringify(['evil.example', 'x', '/', 9e15])).toString('base64url')
  const states = [
    '',
    '.',
    'x.y',
    payload,
    `${payload}.`,
    `${forged}.${mac}`,
    `${payload}.${mac.slice(0, -2)}`,
    `${state}.x`,
  ]
  for (const wrong of [...states, `${payload}x.${mac}`]) {
    const answer = await browser.visit(consoleHost, `/gate?state=${encodeURIComponent(wrong)}`)
    assert.equal(answer.status, 400, wrong)
    assert.equal(answer.headers.location, undefined)
  }
  gate.clock.advance(600_001)
  const late = await browser.visit(consoleHost, `/gate?state=${state}`)
  assert.equal(late.status, 400)
  assert.match(late.body, /gateway\.sign-in-state/)
})

test('the console asks of the route’s networks again: who was led there from inside gets no code outside', async (t) => {
  const gate = await gateWithApp(t)
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(consoleHost, '/routes', 'alice')
  const at = new URL((await browser.visit(host, '/page')).headers.location ?? '')
  const inside = await browser.visit(consoleHost, at.pathname + at.search)
  assert.equal(inside.status, 303)
  const moved = await gate.admin('PATCH', '/api/v1/routes/app', { networks: ['10.0.0.0/8'] })
  assert.equal(moved.status, 200, moved.body)
  const outside = await browser.visit(consoleHost, at.pathname + at.search)
  assert.equal(outside.status, 403, outside.body)
  assert.equal(outside.headers.location, undefined)
  assert.match(outside.body, /not reachable from your network address/)
  await gate.kernel.journal.flush()
  assert.match((await gate.admin('GET', '/api/v1/audit-records?limit=100')).body, /"route-network"/)
})

test('attack 16: signing in leads back to the same host only, whatever address it began with', async (t) => {
  const gate = await gateWithApp(t)
  const { keyring, clock } = gate.kernel
  for (const path of ['/?to=https://evil.example', '/a?//evil.example', `/${'a'.repeat(2_000)}`]) {
    const led = await gate.ask({ host, path, headers: { accept: 'text/html' } })
    const at = new URL(led.headers.location ?? '')
    assert.equal(at.hostname, consoleHost)
    const state = verifyState(keyring, at.searchParams.get('state') ?? '', clock.now())
    assert.equal(state?.returnPath, path.length > 1_000 ? '/' : path)
  }
  for (const returnPath of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/.gatehouse/callback?code=x',
  ]) {
    const expiresAt = clock.now() + 1_000
    const text = writeState(keyring, { host, nonceHash: hashText('n'), returnPath, expiresAt })
    assert.equal(verifyState(keyring, text, clock.now()), undefined, returnPath)
  }
})

test('two tabs that begin at once both arrive', async (t) => {
  const gate = await gateWithApp(t)
  const browser = new TestBrowser(gate)
  const first = await browser.visit(host, '/one')
  const second = await browser.visit(host, '/two')
  await browser.openSigningIn(consoleHost, '/routes', 'alice')
  for (const [led, path] of [
    [second, '/two'],
    [first, '/one'],
  ] as const) {
    const at = new URL(led.headers.location ?? '')
    const nonce = /^[^=]+=([^;]+)/.exec(String(first.headers['set-cookie']))?.[1] ?? ''
    browser.jars.get(host)?.set(gateCookie, nonce)
    const arrived = await browser.open(consoleHost, at.pathname + at.search)
    assert.equal(new URL(arrived.url).pathname, path)
    assert.equal(arrived.status, 200)
  }
})

test('signing out of an app takes a form of the same host and ends that session alone', async (t) => {
  const gate = await gateWithApp(t)
  const browser = new TestBrowser(gate)
  assert.equal((await browser.openSigningIn(host, '/', 'alice')).status, 200)
  const cookie = `__Host-gatehouse-app=${browser.jars.get(host)?.get('__Host-gatehouse-app') ?? ''}`
  assert.equal((await browser.visit(host, '/.gatehouse/sign-out')).status, 200)
  for (const origin of ['https://evil.example', `https://other.localhost:${gate.port}`, 'null', undefined]) {
    const headers = { cookie, ...(origin === undefined ? {} : { origin }) }
    assert.equal((await gate.ask({ host, path: '/.gatehouse/sign-out', method: 'POST', headers })).status, 403)
  }
  assert.equal((await gate.ask({ host, headers: { cookie } })).status, 200)
  const out = await browser.visit(host, '/.gatehouse/sign-out', {})
  assert.equal(out.status, 200)
  assert.equal(browser.jars.get(host)?.has('__Host-gatehouse-app'), false)
  assert.equal((await gate.ask({ host, headers: { cookie } })).status, 401)
  // the console session stands, so the app opens again without a password
  assert.equal((await browser.open(host, '/')).status, 200)
})

test('our part of an app host is never the app’s: its pages, its style, and nothing else', async (t) => {
  const gate = await gateWithApp(t)
  const page = await gate.ask({ host, path: '/.gatehouse/sign-out' })
  const style = /href="(\/\.gatehouse\/assets\/[^"]+\.css)"/.exec(page.body)?.[1] ?? assert.fail('no style')
  const asset = await gate.ask({ host, path: style })
  assert.equal(asset.status, 200)
  assert.match(asset.headers['content-type'] ?? '', /^text\/css/)
  for (const path of [
    '/.gatehouse',
    '/.gatehouse/',
    '/.gatehouse/x',
    '/.Gatehouse/x',
    '/.gatehouse;x/y',
    '/.gatehouse/assets/x',
  ]) {
    assert.equal((await gate.ask({ host, path })).status, 404, path)
  }
})
