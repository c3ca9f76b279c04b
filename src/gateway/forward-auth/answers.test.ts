import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rulesOf } from '../request/testing.ts'
import { yesHeaders } from './answers.ts'
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
