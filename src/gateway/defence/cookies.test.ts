import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CookieRules, guardedCookie } from './cookies.ts'

const compatible: CookieRules = { host: 'app.example.org', domain: 'own', httpOnly: false }
const strict: CookieRules = { ...compatible, httpOnly: true }
const keeping: CookieRules = { ...compatible, domain: 'keep' }

test('a cookie gains what it lacks, behind what the app wrote', () => {
  assert.equal(guardedCookie('a=1', compatible), 'a=1; Secure; SameSite=Lax')
  assert.equal(guardedCookie('a=1', strict), 'a=1; Secure; SameSite=Lax; HttpOnly')
  assert.equal(
    guardedCookie('sid=x y"z, =; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT', compatible),
    'sid=x y"z, =; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure; SameSite=Lax',
  )
})

test('what the app said of an attribute stays, in any spelling', () => {
  for (const line of [
    'a=1; Secure; SameSite=Strict; HttpOnly',
    'a=1;secure;samesite=none;httponly',
    'a=1;\tSECURE ; SameSite = Lax ;HttpOnly=whatever',
    'a=1; SameSite=nonsense; Secure; SameSite=Lax; HttpOnly',
    'a=1; Secure=no; SameSite=Lax; HttpOnly; Partitioned; Priority=High',
  ]) {
    assert.equal(guardedCookie(line, strict), line)
  }
})

test('a SameSite that says nothing to a browser is followed by one that does', () => {
  for (const value of ['SameSite', 'SameSite=', 'SameSite=nonsense', 'SameSite=Lax; SameSite=x']) {
    assert.equal(guardedCookie(`a=1; Secure; ${value}`, compatible), `a=1; Secure; ${value}; SameSite=Lax`)
  }
})

test('an attribute is one only behind a semicolon and under its whole name', () => {
  assert.equal(guardedCookie('Secure=HttpOnly', compatible), 'Secure=HttpOnly; Secure; SameSite=Lax')
  assert.equal(guardedCookie('a=Secure, SameSite=Lax', compatible), 'a=Secure, SameSite=Lax; Secure; SameSite=Lax')
  assert.equal(
    guardedCookie('a=1; Insecure; XSameSite=Lax', compatible),
    'a=1; Insecure; XSameSite=Lax; Secure; SameSite=Lax',
  )
  // a non-breaking space is part of the name, as for browsers
  assert.equal(guardedCookie('a=1; \u00a0Secure', compatible), 'a=1; \u00a0Secure; Secure; SameSite=Lax')
})

test('a cookie stays with its host, unless the route keeps the Domain', () => {
  const line = 'a=1; Path=/; Domain=.Example.org; HttpOnly'
  assert.equal(guardedCookie(line, compatible), 'a=1; Path=/; HttpOnly; Secure; SameSite=Lax')
  assert.equal(guardedCookie(line, keeping), `${line}; Secure; SameSite=Lax`)
  assert.equal(guardedCookie('a=1;domain=app.example.org', compatible), 'a=1; Secure; SameSite=Lax')
  assert.equal(guardedCookie('a=1; Domain; Domain=', compatible), 'a=1; Domain; Domain=; Secure; SameSite=Lax')
  assert.equal(guardedCookie('a=1; Domain=evil.example; Domain=example.org', compatible), 'a=1; Secure; SameSite=Lax')
})

test('what browsers refuse never becomes what they take: its Domain and its prefix stay', () => {
  for (const line of [
    'a=1; Domain=evil.example',
    'a=1; Domain=org',
    'a=1; Domain=notexample.org',
    'a=1; Domain=pp.example.org',
    'a=1; Domain=..example.org',
    '__Host-a=1; Path=/; Secure; Domain=example.org',
    ' __HOST-a=1; Path=/; Secure; Domain=app.example.org',
    'a=1; Domain=example.org; Domain=evil.example',
  ]) {
    assert.ok(guardedCookie(line, compatible)?.startsWith(line), line)
  }
  // whoever skips an empty Domain sees the one before it
  assert.equal(guardedCookie('a=1; Domain=example.org; Domain=', compatible), 'a=1; Secure; SameSite=Lax')
  assert.equal(guardedCookie('__Host-a=1; Path=/', compatible), '__Host-a=1; Path=/; Secure; SameSite=Lax')
})

test('cookies in our name, with control characters or beyond every bound are dropped', () => {
  for (const line of [
    '__Host-gatehouse=x',
    '=__host-Gatehouse-app=x; Domain=example.org',
    'a=1\r\nSet-Cookie: b=2',
    'a=\u0000',
    'a=1; Path=/\u007f',
    `a=${'x'.repeat(20_000)}`,
  ]) {
    assert.equal(guardedCookie(line, compatible), undefined, JSON.stringify(line).slice(0, 60))
  }
  assert.equal(guardedCookie('a=\tb', compatible), 'a=\tb; Secure; SameSite=Lax')
  assert.equal(guardedCookie('nameless', compatible), 'nameless; Secure; SameSite=Lax')
  assert.equal(guardedCookie('', compatible), '; Secure; SameSite=Lax')
})

test('a line of nothing but semicolons costs no more than its length', () => {
  const line = `a=1${';'.repeat(16_000)}`
  assert.equal(guardedCookie(line, compatible), `${line}; Secure; SameSite=Lax`)
  const domains = `a=1${';domain=example.org'.repeat(800)}`
  assert.equal(guardedCookie(domains, compatible), 'a=1; Secure; SameSite=Lax')
  const blanks = `a=1; x${' '.repeat(16_000)}x`
  assert.ok(guardedCookie(blanks, compatible)?.endsWith('SameSite=Lax'))
})
