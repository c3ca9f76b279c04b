import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { rulesOf } from '../request/testing.ts'
import { onlyYes, yesHeaders } from './answers.ts'
import type { Dialect } from './question.ts'

const presented = { cookies: 'theme=dark', authorization: 'Basic YTpi' }

function yes(rules: ReturnType<typeof rulesOf>, identity: readonly string[], dialect: Dialect = 'envoy') {
  const list = yesHeaders(identity, presented, rules, dialect)
  return new Map(list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? '']] : [])))
}

test('attack 5: for nobody a proxy is told to take away every header in which a route says who came', () => {
  const rules = rulesOf({ identityHeaders: { 'X-WEBAUTH-USER': '{handle}' }, removeHeaders: ['Accept-Language'] })
  const removed = yes(rules, []).get('x-envoy-auth-headers-to-remove')?.split(',') ?? []
  for (const name of ['x-webauth-user', 'remote-user', 'x-gatehouse-assertion', 'accept-language']) {
    assert.ok(removed.includes(name), name)
  }
})

test('what a route sets and keeps back holds for a proxy that carries the bytes too', () => {
  const rules = rulesOf(
    { setHeaders: { 'X-Tenant': 'acme' }, removeHeaders: ['Cookie'] },
    '/',
    new Map([['authorization', 'Bearer for-the-app']]),
  )
  const told = yes(rules, ['remote-user', 'ada'])
  assert.equal(told.get('x-tenant'), 'acme')
  assert.equal(told.get('authorization'), 'Bearer for-the-app')
  assert.equal(told.get('cookie'), undefined)
  assert.ok(told.get('x-envoy-auth-headers-to-remove')?.split(',').includes('cookie'))
  assert.equal(yes(rules, [], 'forwarded').get('x-envoy-auth-headers-to-remove'), undefined)
})

test('no answer of the 200s leaves but the yes itself, whatever the gate says in place of an app', async (t) => {
  const server = createServer((request, response) => {
    const [, wants, status] = (request.url ?? '').split('/')
    const yes = onlyYes(response, wants === 'verdict' ? 'verdict' : 'answer')
    if (status === 'yes') yes(['remote-user', 'ada', 'content-length', '0'])
    else response.writeHead(Number(status), ['location', '/x']).end('said')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const asked = async (path: string): Promise<readonly unknown[]> => {
    const { port } = server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual' })
    return [answer.status, answer.headers.get('location'), await answer.text()]
  }
  for (const wants of ['answer', 'verdict']) {
    assert.deepEqual(await asked(`/${wants}/yes`), [200, null, ''])
    for (const status of [200, 204, 206]) assert.deepEqual(await asked(`/${wants}/${status}`), [403, null, ''])
  }
  for (const status of [303, 401, 403, 404, 429, 503]) {
    assert.deepEqual(await asked(`/answer/${status}`), [status, '/x', 'said'])
    // nginx knows these two
    assert.deepEqual(await asked(`/verdict/${status}`), [status === 303 || status === 401 ? 401 : 403, null, ''])
  }
})
