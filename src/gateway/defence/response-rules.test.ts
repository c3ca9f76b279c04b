import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { test } from 'node:test'
import { clientHeaders } from '../proxy/response-headers.ts'
import { responseSettings } from '../settings/response-settings.ts'
import { presetOf } from './response-rules.ts'
import { rulesFor } from './testing.ts'
import { mayHaveHsts } from './transport.ts'

type Response = Parameters<typeof rulesFor>[0]

function answered(response: Response, headers: IncomingHttpHeaders, also?: readonly string[], status = 200) {
  const list = clientHeaders(status, headers, rulesFor(response), also)
  const seen: Record<string, string | string[]> = {}
  for (let at = 0; at < list.length; at += 2) {
    const name = list[at] ?? ''
    const value = list[at + 1] ?? ''
    const before = seen[name]
    seen[name] = before === undefined ? value : [before, value].flat()
  }
  return seen
}

const page = { 'content-type': 'text/html; charset=utf-8' }

test('strict: nothing from other origins and nothing inline, on every kind of document', () => {
  const seen = answered({ preset: 'strict' }, page)
  assert.deepEqual(Object.keys(seen).toSorted(), [
    'content-security-policy',
    'content-type',
    'cross-origin-opener-policy',
    'cross-origin-resource-policy',
    'origin-agent-cluster',
    'permissions-policy',
    'referrer-policy',
    'x-content-type-options',
    'x-frame-options',
  ])
  const policy = String(seen['content-security-policy'])
  assert.match(policy, /^default-src 'none'; script-src 'self'; /)
  assert.doesNotMatch(policy, /unsafe|https?:|\*/)
  for (const part of ["object-src 'none'", "base-uri 'self'", "form-action 'self'", "frame-ancestors 'self'"]) {
    assert.ok(policy.includes(part), part)
  }
  assert.match(String(seen['permissions-policy']), /camera=\(\).*microphone=\(\).*usb=\(\)/)
  for (const type of [
    'application/xhtml+xml',
    'IMAGE/SVG+XML',
    'application/xml',
    'text/xml; charset=x',
    ' text/javascript',
    'application/rss+xml',
  ]) {
    assert.ok('content-security-policy' in answered({ preset: 'strict' }, { 'content-type': type }), type)
  }
  const picture = answered({ preset: 'strict' }, { 'content-type': 'image/png' })
  assert.deepEqual(Object.keys(picture).toSorted(), [
    'content-type',
    'cross-origin-resource-policy',
    'referrer-policy',
    'x-content-type-options',
  ])
})

test('strict: what the app says stays, and is never loosened by what we add beside it', () => {
  const own = {
    ...page,
    'content-security-policy': 'default-src https://cdn.example; frame-ancestors https://partner.example',
    'cross-origin-opener-policy': 'unsafe-none',
    'cross-origin-resource-policy': 'cross-origin',
    'permissions-policy': 'camera=(self)',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'origin-agent-cluster': '?0',
  }
  assert.deepEqual(answered({ preset: 'strict' }, own), own)
  const framed = answered({ preset: 'strict' }, { ...page, 'x-frame-options': 'DENY' })
  assert.equal(framed['x-frame-options'], 'DENY')
  assert.doesNotMatch(String(framed['content-security-policy']), /frame-ancestors/)
  const unframed = answered({ preset: 'strict' }, { ...page, 'content-security-policy': "default-src 'self'" })
  assert.equal(unframed['x-frame-options'], 'SAMEORIGIN')
})

test('auto is strict for folders served here and compatible for every other app', () => {
  const response = { preset: 'auto' } as const
  assert.equal(presetOf({ upstreams: ['folder:/srv/site'], response }), 'strict')
  assert.equal(presetOf({ upstreams: ['http://127.0.0.1:3000'], response }), 'compatible')
  assert.equal(presetOf({ upstreams: ['unix:/run/app.sock'], response }), 'compatible')
  assert.equal(presetOf({ upstreams: ['folder:/srv/site', 'http://127.0.0.1:3000'], response }), 'compatible')
  assert.equal(presetOf({ upstreams: ['folder:/srv/site'], response: { preset: 'compatible' } }), 'compatible')
  assert.equal(presetOf({ upstreams: ['http://127.0.0.1:3000'], response: { preset: 'strict' } }), 'strict')
})

test('only on port 443, and never under localhost, browsers are told to come by https alone', () => {
  assert.ok(mayHaveHsts('app.example.org', ''))
  assert.ok(mayHaveHsts('localhost.example.org', ''))
  for (const [host, port] of [
    ['app.example.org', '8443'],
    ['localhost', ''],
    ['app.localhost', ''],
    ['APP.LocalHost', ''],
  ] as const) {
    assert.ok(!mayHaveHsts(host, port), `${host}:${port}`)
  }
})

test('what the operator sets wins over the app and the preset; what they remove is nowhere', () => {
  const response: Response = {
    setHeaders: { 'x-team': 'core', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' },
    removeHeaders: ['x-generator', 'x-content-type-options'],
  }
  const seen = answered(response, {
    ...page,
    'x-team': ['a', 'b'] as unknown as string,
    'referrer-policy': 'unsafe-url',
    'x-generator': 'site builder',
    'x-content-type-options': 'nosniff',
    server: 'kept: the list was replaced as a whole',
  })
  assert.deepEqual(seen, {
    ...page,
    server: 'kept: the list was replaced as a whole',
    // frame-ancestors would overrule the operator's X-Frame-Options
    'content-security-policy': "object-src 'none'; base-uri 'self'",
    'x-team': 'core',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
  })
  const own = answered({ preset: 'strict', setHeaders: { 'content-security-policy': "frame-ancestors 'none'" } }, page)
  assert.equal(own['content-security-policy'], "frame-ancestors 'none'")
  assert.equal(own['x-frame-options'], undefined)
})

test('what names the software of an app is dropped by default', () => {
  const seen = answered({}, { server: 'Apache/2.2.3', 'x-powered-by': 'PHP/5.3.1', 'x-served-by': 'a' })
  assert.equal(seen['server'], undefined)
  assert.equal(seen['x-powered-by'], undefined)
  assert.equal(seen['x-served-by'], 'a')
})

test('without an allow-list the app speaks for itself about other origins; with one only Gatehouse does', () => {
  const shop = 'https://shop.example.org'
  const own = { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true', vary: 'Accept' }
  assert.deepEqual(
    { ...answered({}, own), 'x-content-type-options': '', 'referrer-policy': '' },
    {
      ...own,
      'x-content-type-options': '',
      'referrer-policy': '',
    },
  )
  const cors = responseSettings.whole.shape.cors.parse({ origins: [shop] })
  const rules = rulesFor({ cors })
  const listed = answered({ cors }, own, rules.cors?.answer(shop))
  assert.equal(listed['access-control-allow-origin'], shop)
  assert.equal(listed['access-control-allow-credentials'], undefined)
  assert.equal(listed['vary'], 'Accept, Origin')
  const more = { ...own, 'access-control-allow-private-network': 'true', 'access-control-expose-headers': 'x-secret' }
  const other = answered({ cors }, more, rules.cors?.answer('https://evil.example'))
  assert.deepEqual(
    Object.keys(other).filter((name) => name.startsWith('access-control-')),
    [],
  )
  assert.equal(other['vary'], 'Accept, Origin')
  assert.equal(answered({ cors }, {})['vary'], 'Origin')
  const everybody = responseSettings.whole.shape.cors.parse({ origins: ['*'] })
  const open = answered({ cors: everybody }, { vary: 'Accept' }, rulesFor({ cors: everybody }).cors?.answer(undefined))
  assert.equal(open['access-control-allow-origin'], '*')
  assert.equal(open['vary'], 'Accept')
})

test('settings that would open or break what they cannot see are refused when they are saved', () => {
  const { patch } = responseSettings
  const refused: readonly Readonly<Record<string, unknown>>[] = [
    { cors: { origins: [] } },
    { cors: { origins: ['*'], credentials: true } },
    { cors: { origins: ['*', 'https://shop.example.org'] } },
    { cors: { origins: ['null'] } },
    { cors: { origins: ['https://shop.example.org/'] } },
    { cors: { origins: ['https://shop.example.org/path'] } },
    { cors: { origins: ['https://SHOP.example.org'] } },
    { cors: { origins: ['https://shop.example.org:443'] } },
    { cors: { origins: ['https://*.example.org'] } },
    { cors: { origins: ['https://user@shop.example.org'] } },
    { cors: { origins: ['shop.example.org'] } },
    { cors: { origins: ['file:///etc'] } },
    { cors: { origins: ['https://shop.example.org'], methods: ['put'] } },
    { cors: { origins: ['https://shop.example.org'], headers: ['x-a, x-b'] } },
    { cors: { origins: ['https://shop.example.org'], maxAgeSeconds: 100_000 } },
    { setHeaders: { 'set-cookie': 'a=b' } },
    { setHeaders: { 'Content-Length': '0' } },
    { setHeaders: { connection: 'x' } },
    { setHeaders: { 'Access-Control-Allow-Origin': '*' } },
    { setHeaders: { 'x-a': 'b\r\nset-cookie: c=d' } },
    { setHeaders: { 'x-a': '' } },
    { setHeaders: { 'x a': 'b' } },
    { removeHeaders: ['Transfer-Encoding'] },
    { removeHeaders: ['set-cookie'] },
    { preset: 'lax' },
  ]
  for (const one of refused) assert.equal(patch.safeParse(one).success, false, JSON.stringify(one))
  const given = patch.parse({
    setHeaders: { 'X-Team': 'core' },
    removeHeaders: ['X-Generator'],
    cors: { origins: ['https://shop.example.org', 'http://localhost:5173', 'https://[::1]:8443'] },
  })
  assert.deepEqual(given.setHeaders, { 'x-team': 'core' })
  assert.deepEqual(given.removeHeaders, ['x-generator'])
  // what is stored reads as what was given
  assert.deepEqual(patch.parse(given), given)
})
