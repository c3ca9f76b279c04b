import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { test } from 'node:test'
import { plainRules } from '../request/testing.ts'
import { connectionOptions } from './hop-by-hop.ts'
import { framingFault, mayPass, mentionsOwnToken, ownToken, splitCookies, upstreamHeaders } from './request-headers.ts'

const app = '__Host-gatehouse-app'

function forwarded(headers: IncomingHttpHeaders, identity: readonly string[] = []): Record<string, string[]> {
  const list = upstreamHeaders(headers, {
    presented: { cookies: splitCookies(headers.cookie, app).rest, authorization: headers.authorization },
    address: '192.0.2.7',
    fixed: ['host', 'app.example', 'x-forwarded-host', 'app.example', 'x-forwarded-proto', 'https'],
    via: '1.1 gatehouse-test',
    identity,
    told: plainRules,
  })
  const seen: Record<string, string[]> = {}
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    seen[name] = [...(seen[name] ?? []), list[i + 1] ?? '']
  }
  return seen
}

test('attack 3: what a client says about the connection is replaced by what we know', () => {
  const seen = forwarded({
    host: 'evil.example',
    forwarded: 'for=127.0.0.1;host=evil.example',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    'x-forwarded-port': '80',
    'x-forwarded-prefix': '/admin',
    'x-forwarded-uri': '/public',
    'x-forwarded-method': 'GET',
    'x-forwarded-anything': 'x',
    x_forwarded_for: '127.0.0.1',
    'x-original-url': '/admin',
    'x-rewrite-url': '/admin',
    'x-real-ip': '127.0.0.1',
    'true-client-ip': '127.0.0.1',
  })
  assert.deepEqual(seen, {
    host: ['app.example'],
    'x-forwarded-host': ['app.example'],
    'x-forwarded-proto': ['https'],
    'x-forwarded-for': ['192.0.2.7'],
    via: ['1.1 gatehouse-test'],
  })
})

test('attack 5: identity headers of a client never pass, in any spelling', () => {
  const names = ['remote-user', 'remote_user', 'remote.user', 'remote-groups', 'remote_groups', 'remote-anything']
  const ours = ['x-gatehouse-assertion', 'x_gatehouse_assertion', 'x-gatehouse-anything', 'x.gatehouse-assertion']
  for (const name of [...names, ...ours]) {
    assert.ok(!mayPass(name), name)
    for (const value of ['admin', '']) {
      const seen = forwarded({ [name]: value }, ['remote-user', 'alice', 'remote-groups', ''])
      assert.deepEqual(seen['remote-user'], ['alice'], name)
      assert.deepEqual(seen['remote-groups'], [''], name)
      assert.equal(Object.keys(seen).filter((key) => /remote|gatehouse/.test(key)).length, 2, name)
    }
  }
})

test('attack 6: Connection takes away headers of the client, never ours, never the framing', () => {
  const naming = 'close, Remote-User, remote-groups, X-Forwarded-For, host, x-private, X-Mixed, Content-Length, cookie'
  const seen = forwarded(
    {
      connection: naming,
      'x-private': '1',
      'x-mixed': '1',
      'x-public': '2',
      'content-length': '3',
      'keep-alive': '5',
      te: 'trailers',
    },
    ['remote-user', 'alice', 'remote-groups', 'ops'],
  )
  assert.deepEqual(seen['remote-user'], ['alice'])
  assert.deepEqual(seen['remote-groups'], ['ops'])
  assert.deepEqual(seen['x-forwarded-for'], ['192.0.2.7'])
  assert.deepEqual(seen['host'], ['app.example'])
  assert.deepEqual(seen['content-length'], ['3'])
  assert.deepEqual(seen['te'], ['trailers'])
  assert.deepEqual(seen['x-public'], ['2'])
  for (const gone of ['x-private', 'x-mixed', 'connection', 'keep-alive']) assert.equal(seen[gone], undefined, gone)
  assert.equal(connectionOptions('keep-alive'), undefined)
})

test('attack 3: no header becomes HTTP_PROXY of a CGI-like app, none poses as the client address or as what was asked for', () => {
  const names = ['proxy', 'x-forwarded', 'x-original-forwarded-for', 'x-client-ip', 'x-cluster-client-ip', 'client-ip']
  const ofServices = ['true-client-ip', 'cf-connecting-ip', 'fastly-client-ip', 'x-real-ip']
  const asked = ['url', 'uri', 'host', 'method'].map((what) => `x-original-${what}`)
  const schemes = ['x-rewrite-url', 'x-host', 'x-scheme', 'x-url-scheme', 'front-end-https']
  for (const name of [...names, ...ofServices, ...asked, ...schemes]) {
    for (const spelled of [name, name.replaceAll('-', '_'), name.replaceAll('-', '.')]) {
      assert.ok(!mayPass(spelled), spelled)
    }
  }
})

test('hop-by-hop headers end here; everything else passes', () => {
  const hop = [
    'connection',
    'keep-alive',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'expect',
  ]
  for (const name of [...hop, 'proxy-authorization', 'http2-settings', ':path']) assert.ok(!mayPass(name), name)
  for (const name of [
    'accept',
    'content-type',
    'range',
    'x-csrf-token',
    'traceparent',
    'remoteness',
    'x-remote-user',
  ]) {
    assert.ok(mayPass(name), name)
  }
})

test('our cookies stay with us; a cookie that comes twice proves nothing', () => {
  assert.deepEqual(splitCookies(undefined, app), { rest: undefined, own: undefined })
  assert.deepEqual(splitCookies('a=1; b=2', app), { rest: 'a=1; b=2', own: undefined })
  assert.deepEqual(splitCookies(`a=1; ${app}=tok; __Host-gatehouse-gate=n; b=2`, app), { rest: 'a=1; b=2', own: 'tok' })
  assert.deepEqual(splitCookies(`${app}=tok`, app), { rest: undefined, own: 'tok' })
  assert.deepEqual(splitCookies(`${app}=one; ${app}=two; c=3`, app), { rest: 'c=3', own: undefined })
  assert.deepEqual(splitCookies('__HOST-Gatehouse-App=x; __Host-gatehouse=y', app), { rest: undefined, own: undefined })
  assert.deepEqual(splitCookies(`${app}`, app), { rest: undefined, own: undefined })
})

test('our tokens are recognised, and anything like one goes nowhere', () => {
  assert.equal(ownToken('Bearer gat_abc-_1'), 'gat_abc-_1')
  assert.equal(ownToken('bearer  gat_abc '), 'gat_abc')
  for (const other of ['Basic gat_abc', 'Bearer xgat_abc', 'Bearer gat_a b', 'Bearer gat_abc, Bearer x', 'gat_abc']) {
    assert.equal(ownToken(other), undefined, other)
  }
  for (const mention of [
    'Basic gat_abc',
    'Bearer gat_a b',
    'Bearer x, Bearer gat_abc',
    'gat_abc',
    'Bearer token="gat_x"',
  ]) {
    assert.ok(mentionsOwnToken(mention), mention)
  }
  for (const none of ['Basic dXNlcjpwYXNz', 'Bearer eyJh.x-gat_y', 'Digest username="x"']) {
    assert.ok(!mentionsOwnToken(none), none)
  }
})

test('attack 10: framing that two servers could read differently is refused', () => {
  const fault = (...raw: string[]) => {
    const headers: Record<string, string> = {}
    for (let i = 0; i < raw.length; i += 2) headers[(raw[i] ?? '').toLowerCase()] ??= raw[i + 1] ?? ''
    return framingFault(headers, raw)
  }
  assert.equal(fault('Host', 'a', 'Content-Length', '5'), undefined)
  assert.equal(fault('Host', 'a', 'Transfer-Encoding', 'chunked'), undefined)
  const hostile: readonly (readonly string[])[] = [
    ['Host', 'a', 'host', 'b'],
    ['Host', 'a', 'Content-Length', '5', 'Transfer-Encoding', 'chunked'],
    ['Host', 'a', 'Content-Length', '5', 'content-length', '6'],
    ['Host', 'a', 'Content-Length', '5', 'Content-Length', '5'],
    ['Host', 'a', 'Content-Length', '+5'],
    ['Host', 'a', 'Content-Length', '5, 5'],
    ['Host', 'a', 'Content-Length', '0x5'],
    ['Host', 'a', 'Content-Length', ''],
    ['Host', 'a', 'Content-Length', '99999999999999999999'],
    ['Host', 'a', 'Transfer-Encoding', 'gzip, chunked'],
    ['Host', 'a', 'Transfer-Encoding', 'chunked, identity'],
    ['Host', 'a', 'Transfer-Encoding', 'xchunked'],
  ]
  for (const raw of hostile) assert.notEqual(fault(...raw), undefined, raw.join(' '))
})
