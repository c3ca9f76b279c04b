import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, startGate, startUpstream, TestBrowser } from '../testing.ts'

const host = 'app.localhost'
const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }

function kept({ headers }: Answer): void {
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['referrer-policy'], 'same-origin')
}

test('a refusal says what is missing, who can give it and where to ask; nobody keeps it, and strangers learn none of it', async (t) => {
  const gate = await startGate(t)
  const upstream = await startUpstream(t)
  await gate.addRoute({ name: 'app', host, upstreams: [upstream.origin] })
  const role = { name: 'users', title: 'Users', permissions: ['routes:use:app'] }
  assert.equal((await gate.admin('POST', '/api/v1/roles', role)).status, 201)
  await gate.addAccount('bob', ['users'])
  const browser = new TestBrowser(gate)
  assert.equal((await browser.openSigningIn(host, '/', 'bob')).body, 'hello')
  const cookie = `__Host-gatehouse-app=${browser.jars.get(host)?.get('__Host-gatehouse-app') ?? ''}`
  const mayUse = async (permissions: readonly string[]) => {
    const changed = await gate.admin('PATCH', '/api/v1/roles/users', { permissions })
    assert.equal(changed.status, 200, changed.body)
  }

  await mayUse(['tokens:create'])
  const refused = await gate.ask({ host, headers: { cookie, ...page } })
  assert.equal(refused.status, 403)
  kept(refused)
  assert.match(String(refused.headers['content-security-policy']), /default-src 'none'/)
  assert.equal(refused.headers['x-frame-options'], 'DENY')
  assert.match(refused.body, /What would change it/)
  assert.match(refused.body, /A role or grant, and a credential, that cover routes:use:app\./)
  assert.match(refused.body, /Whoever administers this Gatehouse, or may hand on <code>routes:use:app<\/code>/)
  const why = new RegExp(
    `href="https://gatehouse\\.localhost:${gate.port}/why[^"]*routes(?::|%3A)use(?::|%3A)app[^"]*"`,
  )
  assert.match(refused.body, why)

  const asProgram = await gate.ask({ host, headers: { cookie } })
  assert.match(String(asProgram.headers['content-type']), /^application\/problem\+json/)
  kept(asProgram)
  const problem = JSON.parse(asProgram.body) as Readonly<Record<string, unknown>>
  assert.deepEqual(
    [problem['status'], problem['code'], problem['step'], problem['reasonCode']],
    [403, 'gateway.refused', 'policy', 'not-held'],
  )
  assert.match(String(problem['why']), /\/why\?/)
  assert.equal(problem['requestId'], asProgram.headers['x-request-id'])

  await mayUse(['routes:use:app'])
  const text = 'forbid (principal, action == Gatehouse::Action::"routes:use", resource is Gateway::Route);'
  const policy = { name: 'curfew', title: 'Curfew', text, state: 'enforced', reason: 'test' }
  assert.equal((await gate.admin('POST', '/api/v1/policies', policy)).status, 201)
  const forbidden = await gate.ask({ host, headers: { cookie, ...page } })
  assert.equal(forbidden.status, 403)
  assert.match(forbidden.body, /[Cc]urfew[^<]* no longer forbidding it\./)

  const stranger = await gate.ask({ host })
  assert.equal(stranger.status, 401)
  kept(stranger)
  assert.doesNotMatch(stranger.body, /curfew|routes:use|"step"|"why"/i)
  assert.equal(upstream.seen.length, 1)
})
