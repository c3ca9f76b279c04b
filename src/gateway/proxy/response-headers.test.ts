import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { test } from 'node:test'
import { rulesFor } from '../defence/testing.ts'
import { clientHeaders } from './response-headers.ts'
import { clientTrailers } from './trailers.ts'

const app = '__Host-gatehouse-app'
const compatiblePolicy = "object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
const plain = rulesFor({})

test('an answer loses what concerns one hop and cookies in our name, and gains safe headers it lacks', () => {
  const list = clientHeaders(
    200,
    {
      connection: 'x-hop',
      'x-hop': '1',
      'keep-alive': 'timeout=5',
      'transfer-encoding': 'chunked',
      'content-type': 'text/html; charset=utf-8',
      'set-cookie': ['a=1; Secure; SameSite=Lax', '__Host-gatehouse-app=stolen', ' __HOST-GATEHOUSE=x', 'b=2'],
      server: 'nginx/1.2.3',
      'x-powered-by': 'PHP/5.3',
      'x-frame-options': 'SAMEORIGIN',
    },
    rulesFor({}, { hsts: 'max-age=1' }),
  )
  assert.deepEqual(list, [
    'content-type',
    'text/html; charset=utf-8',
    'set-cookie',
    'a=1; Secure; SameSite=Lax',
    'set-cookie',
    'b=2; Secure; SameSite=Lax',
    'x-frame-options',
    'SAMEORIGIN',
    'x-content-type-options',
    'nosniff',
    'referrer-policy',
    'strict-origin-when-cross-origin',
    'strict-transport-security',
    'max-age=1',
    'content-security-policy',
    compatiblePolicy.replace("; frame-ancestors 'self'", ''),
  ])
})

test("an app's own safe headers stay; its X-Frame-Options is not loosened by ours", () => {
  const own: IncomingHttpHeaders = {
    'content-type': 'text/html',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'self'",
  }
  assert.deepEqual(clientHeaders(200, own, plain), Object.entries(own).flat())
  const framed = clientHeaders(200, { 'content-type': 'text/html', 'x-frame-options': 'DENY' }, plain)
  const policy = framed[framed.indexOf('content-security-policy') + 1] ?? ''
  assert.match(policy, /object-src/)
  assert.doesNotMatch(policy, /frame-ancestors/)
  assert.ok(!clientHeaders(200, { 'content-type': 'application/json' }, plain).includes('content-security-policy'))
})

test('a cookie without a name is not a way to set one of ours', () => {
  const list = clientHeaders(200, { 'set-cookie': ['a=1', `=${app}=x`, ` = ${app.toLowerCase()}=x`] }, plain)
  assert.deepEqual(list.slice(0, 2), ['set-cookie', 'a=1; Secure; SameSite=Lax'])
  assert.equal(list.filter((one) => one === 'set-cookie').length, 1)
})

test('trailers carry no framing, cookies or routing', () => {
  const trailers = { 'x-checksum': 'abc', 'set-cookie': ['a=1'], 'content-length': '5', 'transfer-encoding': 'chunked' }
  assert.deepEqual(clientTrailers(trailers), [['x-checksum', 'abc']])
})

test('an app cannot end the gate’s session or move its traffic: Clear-Site-Data keeps to the app’s origin, Alt-Svc goes', () => {
  const siteData = (value: string | string[]) => {
    const list = clientHeaders(200, { 'clear-site-data': value } as IncomingHttpHeaders, plain)
    const at = list.indexOf('clear-site-data')
    return at < 0 ? undefined : list[at + 1]
  }
  assert.equal(siteData('"cookies"'), undefined)
  assert.equal(siteData('"executionContexts", "Cookies"'), undefined)
  assert.equal(siteData('"*"'), '"cache", "storage"')
  assert.equal(siteData('"cookies", "STORAGE","cache"'), '"cache", "storage"')
  assert.equal(siteData(['"cookies"', '"storage"']), '"storage"')
  assert.equal(siteData('"storage\r\nset-cookie: x"'), undefined)
  for (const value of ['h3=":443"', 'h2="evil.example:443"; ma=2592000; persist=1', 'clear']) {
    assert.ok(!clientHeaders(200, { 'alt-svc': value }, plain).includes('alt-svc'))
  }
  const trailers = { 'alt-svc': 'clear', 'clear-site-data': '"*"', 'x-sum': '1' }
  assert.deepEqual(clientTrailers(trailers), [['x-sum', '1']])
})
