import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isLocalPath, isOwnPath, lenientPaths, lookupKey, parseTarget } from './target.ts'

test('plain paths pass as they are written', () => {
  const plain = [
    '/',
    '/a',
    '/a/',
    '/a/b.html',
    '/.well-known/acme',
    '/a..b/c...',
    '/~me/x_y-z',
    "/a!$&'()*+,;=:@",
    '/caf%C3%A9',
    '/a%20b',
    '/;jsessionid=1',
    '/a/;jsessionid=1',
    '/a;x/b',
    '/100%25',
    '/wiki/C%23',
    '/who%3F',
    '/100%2520',
    '/caf%25C3%25A9',
    '/a?b=/../c&d=//&e=%2f%2e',
    '/a?',
    '/%E2%82%AC?x=%00',
  ]
  for (const raw of plain) {
    const { path, fault } = parseTarget(raw)
    assert.equal(fault, undefined, raw)
    assert.equal(path, raw.split('?')[0], raw)
  }
})

test('attack 1: a path that an upstream could read as another one is refused', () => {
  const hostile = [
    '/public/../admin',
    '/public/..',
    '/..',
    '/.',
    '/./admin',
    '/a/./b',
    '/public/..;/admin',
    '/public/..;x=1/admin',
    '/public/.;/admin',
    '/public/..%3b/admin',
    '/public/..%23/x',
    '/public/..%3F',
    '/public/.%3fx/y',
    '/public/%2e%2e/admin',
    '/public/%2E%2E/admin',
    '/public/.%2e/admin',
    '/public/%2e./admin',
    '/public/..%2fadmin',
    '/public%2f..%2fadmin',
    '/public%2Fadmin',
    '/public%5c..%5cadmin',
    '/public\\..\\admin',
    '/public%5Cadmin',
    '//admin',
    '/public//admin',
    '/a//',
    '/%61dmin',
    '/adm%69n',
    '/%41dmin',
    '/a%2Db',
    '/a%5Fb',
    '/a%7Eb',
    '/%31',
    '/public/%252e%252e/admin',
    '/public%252fadmin',
    '/a%2500',
    '/%2561dmin',
    '/adm%2569n',
    '/x/.%252E/admin',
    '/a%250d%250aX:y',
    '/a%257f',
    '/admin%253bx',
    '/admin%2523x',
    '/admin%253Fx',
    '/admin%25252fx',
    '/;/admin',
    '/;x=1/admin',
    '/%3Bx/admin',
    '/public/;/../admin',
    '/public/;x//admin',
    '/public/;x/',
    '/a%00',
    '/public/%c0%ae%c0%ae/admin',
    '/public%C0%AFadmin',
    '/public/%e0%80%ae/admin',
    '/public/%f0%80%80%ae/admin',
    '/a%0a',
    '/a%0D%0AX:y',
    '/a%7f',
    '/a%1F',
    '/a%',
    '/a%2',
    '/a%zz',
    '/\u00e9',
    '/a\u0000b',
    '/a b',
    '/a\tb',
    '/a\u007f',
    'http://other.example/admin',
    'https://other.example/',
    '*',
    '',
    'admin',
    '?x',
    `/${'a'.repeat(20_000)}`,
  ]
  for (const raw of hostile) assert.notEqual(parseTarget(raw).fault, undefined, JSON.stringify(raw))
})

test('attack 2: # and ? cannot move the end of the path', () => {
  for (const raw of ['/admin#/public', '/public#', '/a?b#c', '/#', '/public#?/admin', '/a?#']) {
    assert.equal(parseTarget(raw).fault, 'a fragment', raw)
  }
  assert.equal(parseTarget('/public?/../admin').path, '/public')
  assert.equal(parseTarget('/public?x=1?/admin').path, '/public')
})

test('the quick way and the long way agree: what passes resolves to itself', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom('/', '.', '..', 'a', 'B', '%2e', '%2f', '%41', '%20', ';', '\\', '%', '?', '#', '\u00e9'),
      ),
      (parts) => {
        const raw = `/${parts.join('')}`
        const { path, fault } = parseTarget(raw)
        if (fault !== undefined) return
        const url = new URL(raw, 'https://app.invalid')
        assert.equal(url.pathname, path)
        assert.equal(url.host, 'app.invalid')
        // no letter, digit or separator hides behind an encoding
        assert.doesNotMatch(path, /%(?:2e|2f|5c|41)/i)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('the lookup key reads a path as the most lenient upstream would', () => {
  assert.equal(lookupKey('/Admin/X'), '/admin/x')
  assert.equal(lookupKey('/admin;x=1/b'), '/admin/b')
  assert.equal(lookupKey('/admin%3Bx/b;y'), '/admin/b')
  assert.equal(lookupKey('/plain'), '/plain')
})

test('a path is read by lenient servers to its end, and to an encoded # or ? that some take for it', () => {
  assert.deepEqual(lenientPaths('/Admin/'), ['/admin'])
  assert.deepEqual(lenientPaths('/Admin;x/Y%23z/w'), ['/admin/y%23z/w', '/admin/y'])
  assert.deepEqual(lenientPaths('/a/%3Fx%23'), ['/a/%3fx%23', '/a'])
  assert.deepEqual(lenientPaths('/%23'), ['/%23', '/'])
})

test('what is Gatehouse’s own on an app host is so in every spelling', () => {
  for (const own of [
    '/.gatehouse',
    '/.gatehouse/x',
    '/.GateHouse;x',
    '/.gatehouse%3Bx',
    '/.gatehouse%23x',
    '/.gatehouse%3f',
  ]) {
    assert.ok(isOwnPath(own), own)
  }
  for (const other of ['/', '/.gatehouses', '/x/.gatehouse', '/.gatehouse%20', '/.well-known/x'])
    assert.ok(!isOwnPath(other), other)
})

test('attack 16: only a canonical path of the same host is a return address', () => {
  for (const good of ['/', '/a?b=c&d=https://evil.example', '/a/b%20c']) assert.ok(isLocalPath(good), good)
  const payloads = [
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r/evil.example',
    '/%09/evil.example',
    '/%5cevil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/a/..//evil.example',
    '/%2f/evil.example',
    '/%2fevil.example',
    'https://evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '@evil.example',
    '.evil.example',
    '/#',
    '',
    ' /',
    '/ /evil.example',
    '/\u2028/evil.example',
    '/.gatehouse/callback?code=x',
    '/.gatehouse/sign-out',
  ]
  for (const payload of payloads) assert.ok(!isLocalPath(payload), JSON.stringify(payload))
})
