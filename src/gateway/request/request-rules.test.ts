import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityHeaders } from '../assertion/identity-headers.ts'
import { upstreamHeaders } from '../proxy/request-headers.ts'
import { requestSettings } from '../settings/request-settings.ts'
import { prefixRewrite } from './rewrite.ts'
import { templateFault } from './templates.ts'
import { plainRules, rulesOf } from './testing.ts'

const eve = {
  profile: { id: 'acc_1', handle: 'eve', displayName: 'Eve\r\nRemote-User: root', email: undefined },
  groups: ['ops', 'a,b'],
  actor: {
    principal: { kind: 'account', id: 'acc_1', name: 'eve' },
    session: { id: 'ses_1', createdAt: 0, provedAt: 0 },
  },
} as const

function seenBy(rules: typeof plainRules, headers: Record<string, string>, identity: readonly string[] = []) {
  return upstreamHeaders(headers, {
    presented: { cookies: headers['cookie'], authorization: headers['authorization'] },
    address: '192.0.2.7',
    fixed: ['host', 'app.example', ...rules.fixed],
    told: rules,
    via: '1.1 gatehouse-test',
    identity,
  })
}

function valuesOf(list: readonly string[], name: string): readonly string[] {
  return list.filter((_, at) => at % 2 === 1 && list[at - 1]?.toLowerCase() === name)
}

/** Every name of the list as a CGI-like server reads it. */
function lenient(list: readonly string[]): readonly string[] {
  return list.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '_'))
}

const spellings = ['x-webauth-user', 'x_webauth_user', 'x-webauth_user', 'x.webauth.user', 'x_webauth-user']

test('attack 5: a header that a route renames is never the client’s, in no spelling, whether anybody was proven or not', () => {
  const rules = rulesOf({ identityHeaders: { 'X-WEBAUTH-USER': '{handle}' } })
  for (const name of spellings) {
    for (const identity of [[], identityHeaders(rules.identity, eve)]) {
      const list = seenBy(rules, { [name]: 'root', connection: name }, identity)
      assert.deepEqual(
        lenient(list).filter((one) => one === 'x_webauth_user').length,
        identity.length / 2,
        `${name} ${identity.length}`,
      )
      assert.ok(!list.includes('root'), name)
    }
  }
  assert.deepEqual(seenBy(rules, { 'remote-user': 'root' }).includes('root'), false, 'nor is the default one')
})

test('attack 6: Connection takes away no header that a route sets', () => {
  const rules = rulesOf({ setHeaders: { 'X-Tenant': 'acme' }, identityHeaders: { 'X-User': '{id}' } })
  const list = seenBy(
    rules,
    { connection: 'x-tenant, x-user', 'x-tenant': 'evil' },
    identityHeaders(rules.identity, eve),
  )
  assert.deepEqual(valuesOf(list, 'x-tenant'), ['acme'])
  assert.deepEqual(valuesOf(list, 'x-user'), ['acc_1'])
})

test('attack 3: no route can be made to say other words about address, host or framing than ours', () => {
  for (const name of [
    'Host',
    'x_forwarded_for',
    'X-Forwarded-Host',
    'X.Forwarded.Proto',
    'X-Forwarded-Prefix',
    'Forwarded',
    'Via',
    'Connection',
    'Transfer-Encoding',
    'content_length',
    'TE',
    'Upgrade',
    'Sec-WebSocket-Key',
    'X-Gatehouse-Assertion',
    'Cookie',
    'a b',
    'a\r\nb',
    '',
  ]) {
    for (const member of ['setHeaders', 'identityHeaders']) {
      assert.equal(requestSettings.patch.safeParse({ [member]: { [name]: 'x' } }).success, false, `${member} ${name}`)
    }
  }
  assert.equal(requestSettings.patch.safeParse({ setHeaders: { 'x-a': '1', X_A: '2' } }).success, false)
  assert.equal(requestSettings.patch.safeParse({ removeHeaders: ['Cookie', 'Authorization'] }).success, true)
})

test('attack 14: a credential that a route sets replaces the client’s, and is sent once', () => {
  const rules = rulesOf({ removeHeaders: ['cookie'] }, '/', new Map([['authorization', 'Bearer for-the-app']]))
  const list = seenBy(rules, { authorization: 'Basic bWU6bWU=', cookie: 'a=1' })
  assert.deepEqual(valuesOf(list, 'authorization'), ['Bearer for-the-app'])
  assert.deepEqual(valuesOf(list, 'cookie'), [])
})

test('a secret comes before what is set openly, and neither is said twice', () => {
  const rules = rulesOf({ setHeaders: { 'X-Key': 'open' } }, '/', new Map([['x-key', 'sealed']]))
  assert.deepEqual(valuesOf(seenBy(rules, { x_key: 'client' }), 'x-key'), ['sealed'])
  const both = rulesOf({ setHeaders: { 'X-User': 'fixed' }, identityHeaders: { x_user: '{handle}' } })
  assert.deepEqual(identityHeaders(both.identity, eve), [])
})

test('what is said of a person ends no line and cannot be taken for two groups', () => {
  const { identity } = rulesOf({
    identityHeaders: { 'X-Who': '{name} <{email}>', 'X-Groups': '{groups}', 'X-Session': '{session}/{credential}' },
  })
  assert.deepEqual(identityHeaders(identity, eve), [
    'x-who',
    'Eve%0D%0ARemote-User: root <>',
    'x-groups',
    'ops,a%2Cb',
    'x-session',
    'ses_1/',
  ])
})

test('templates say what they cannot mean', () => {
  for (const good of ['', '{handle}', 'Bearer {id}', '{name} ({groups})']) assert.equal(templateFault(good), undefined)
  for (const bad of ['{user}', '{', '}', '{{handle}}', '{handle', 'ü', 'a\nb', ' {id}', '{__proto__}', '{toString}']) {
    assert.notEqual(templateFault(bad), undefined, bad)
  }
})

test('a route that sets nothing asks nothing more of a request', () => {
  assert.deepEqual(plainRules.fixed, [])
  assert.equal(plainRules.rewrite, undefined)
  assert.equal(plainRules.mayPass, rulesOf({ identityHeaders: {} }).mayPass)
})

test('a prefix is replaced, and what comes out is as canonical as what went in', () => {
  const cases: [path: string, to: string, target: string, seen: string | undefined][] = [
    ['/app', '/', '/app', '/'],
    ['/app', '/', '/app?q=/app', '/?q=/app'],
    ['/app', '/', '/app/', '/'],
    ['/app', '/', '/app/x/y?z', '/x/y?z'],
    ['/app', '/', '/app;v=1', undefined],
    ['/app', '/', '/app;v=1/x', undefined],
    ['/app', '/', '/app%3bv', undefined],
    ['/app', '/new', '/app;v=1/x', '/new;v=1/x'],
    ['/app', '/new/v2', '/app/x', '/new/v2/x'],
    ['/', '/new', '/', '/new/'],
    ['/', '/new', '/x?y', '/new/x?y'],
    ['/', '/', '/x', '/x'],
    ['/t/*/x', '/u', '/t/42/x/1', '/u/42/x/1'],
    ['/*/x', '/u', '/42/x', '/u/42/x'],
    ['/app', '/', '/App/x', undefined],
  ]
  for (const [path, to, target, seen] of cases) {
    assert.equal(prefixRewrite(path, to)(target), seen, `${path} ${to} ${target}`)
  }
  assert.deepEqual(rulesOf({ rewritePrefix: '/' }, '/app').fixed, ['x-forwarded-prefix', '/app'])
  assert.deepEqual(rulesOf({ rewritePrefix: '/new' }, '/').fixed, [])
  for (const bad of ['new', '//', '/a/', '/a/*', '/..', '/a;b', '/a%2f', '/.']) {
    assert.equal(requestSettings.patch.safeParse({ rewritePrefix: bad }).success, false, bad)
  }
})
