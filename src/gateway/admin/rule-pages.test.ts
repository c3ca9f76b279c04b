import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGate, TestBrowser } from '../testing.ts'

const host = 'app.localhost'
const consoleHost = 'gatehouse.localhost'

interface Shown {
  readonly authenticators: readonly string[]
  readonly regions: readonly string[]
  readonly mode: string
  readonly onRefusal: string
  readonly assurance: object
  readonly request: Readonly<Record<string, unknown>>
}

test('the pages about a rule and what the app is told: saved, shown again with faults, loud in shadow mode', async (t) => {
  const gate = await startGate(t)
  await gate.addRoute({ name: 'app', host, upstreams: ['http://127.0.0.1:9'], access: { kind: 'signed-in' } })
  await gate.addAccount('ada', ['administrator'])
  const browser = new TestBrowser(gate)
  await browser.openSigningIn(consoleHost, '/routes/app', 'ada')
  const read = async () => JSON.parse((await gate.admin('GET', '/api/v1/routes/app')).body) as Shown
  const revisionIn = (body: string) => /name="revision" value="(\d+)"/.exec(body)?.[1] ?? ''

  const rule = await browser.open(consoleHost, '/routes/app/rule')
  assert.equal(rule.status, 200, rule.body)
  assert.match(rule.body, /value="token session"/)
  const wanted = {
    authenticators: 'session, certificate',
    regions: 'de at',
    assurance: 'both',
    onRefusal: 'api',
    mode: 'shadow',
  }
  const bad = await browser.visit(consoleHost, '/routes/app/rule', {
    ...wanted,
    authenticators: 'session oauth',
    revision: revisionIn(rule.body),
  })
  assert.equal(bad.status, 422)
  assert.match(bad.body, /oauth is not among/)
  assert.match(bad.body, /value="session oauth"/)
  const nonsense = await browser.visit(consoleHost, '/routes/app/rule', { ...wanted, regions: 'XX', revision: '1' })
  assert.equal(nonsense.status, 400)
  const saved = await browser.open(consoleHost, '/routes/app/rule', { ...wanted, revision: revisionIn(rule.body) })
  assert.match(saved.body, /not enforced/)
  assert.match(saved.body, /DE, AT/)
  const after = await read()
  assert.deepEqual(
    [after.authenticators, after.regions, after.mode, after.onRefusal, after.assurance],
    [['session', 'certificate'], ['DE', 'AT'], 'shadow', 'api', { factors: 2, phishingResistant: true }],
  )
  const check = await browser.open(consoleHost, '/routes/check')
  assert.match(check.body, /shadow mode/)

  const request = await browser.open(consoleHost, '/routes/app/request')
  assert.match(request.body, /Remote-User: \{handle\}/)
  const told = {
    identityHeaders: 'X-WEBAUTH-USER: {handle}\r\nX-Groups: {groups}',
    setHeaders: 'X-Tenant: acme: corp',
    removeHeaders: 'Cookie',
    rewritePrefix: '/x',
    revision: revisionIn(request.body),
  }
  const refused = await browser.visit(consoleHost, '/routes/app/request', {
    ...told,
    identityHeaders: 'Host: {handle}',
  })
  assert.equal(refused.status, 400)
  assert.match(refused.body, /Host: is said by Gatehouse itself/)
  await browser.open(consoleHost, '/routes/app/request', told)
  assert.deepEqual((await read()).request, {
    identityHeaders: { 'X-WEBAUTH-USER': '{handle}', 'X-Groups': '{groups}' },
    assertion: false,
    setHeaders: { 'X-Tenant': 'acme: corp' },
    removeHeaders: ['Cookie'],
    rewritePrefix: '/x',
  })
  const secret = await browser.open(consoleHost, '/routes/app/secret-headers', {
    header: 'Authorization',
    value: 'Bearer hidden-from-all',
  })
  assert.match(secret.body, /Clear the secret header authorization/)
  assert.doesNotMatch(secret.body, /hidden-from-all/)
  const wrong = await browser.visit(consoleHost, '/routes/app/secret-headers', { header: 'Host', value: 'hidden-too' })
  assert.equal(wrong.status, 400)
  assert.doesNotMatch(wrong.body, /hidden-too/, 'a refused secret is not shown again')
  const cleared = await browser.open(consoleHost, '/routes/app/secret-headers/authorization/clear', {})
  assert.doesNotMatch(cleared.body, /Clear the secret header/)
})
