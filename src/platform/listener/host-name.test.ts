import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalHost, hostOf } from './host-name.ts'
import type { ServedRequest } from './listener.ts'

test('attack 13: one form per host, and no host for what is not exactly one', () => {
  const cases: Readonly<Record<string, string | undefined>> = {
    'app.example': 'app.example',
    'APP.Example': 'app.example',
    'app.example:8443': 'app.example',
    localhost: 'localhost',
    'my_app.localhost': 'my_app.localhost',
    'xn--bcher-kva.example': 'xn--bcher-kva.example',
    '127.0.0.1:80': '127.0.0.1',
    '[::1]:80': '[::1]',
    '[0:0::1]': '[::1]',
    '[::ffff:127.0.0.1]': '[127.0.0.1]',
    'app.example.': undefined,
    'app.example.:443': undefined,
    'app..example': undefined,
    '.app.example': undefined,
    '': undefined,
    ' app.example': undefined,
    'app.example ': undefined,
    'app.example\t': undefined,
    'user@app.example': undefined,
    'app.example@evil.example': undefined,
    'app.example/': undefined,
    'app.example?': undefined,
    'app.example#': undefined,
    'app.example\\': undefined,
    'app.example,evil.example': undefined,
    'app.example:': undefined,
    'app.example:80:80': undefined,
    'app.example:65536': undefined,
    'app.example:-1': undefined,
    'app.example:http': undefined,
    'bücher.example': undefined,
    'app.exam\u212Ale': undefined,
    '-app.example': undefined,
    'app-.example': undefined,
    '*.example': undefined,
    'app%2eexample': undefined,
    '::1': undefined,
    '[::1': undefined,
    '[::1%25eth0]': undefined,
    '[app.example]': undefined,
    [`${'a'.repeat(63)}.example`]: `${'a'.repeat(63)}.example`,
    [`${'a'.repeat(64)}.example`]: undefined,
    [`${'a.'.repeat(130)}example`]: undefined,
  }
  for (const [text, host] of Object.entries(cases)) assert.equal(canonicalHost(text), host, JSON.stringify(text))
})

test('attack 13: a request that names its host twice has none, over HTTP/2 too, where the library refuses it first', () => {
  const named = (httpVersionMajor: number, ...rawHeaders: readonly string[]) =>
    hostOf({ httpVersionMajor, rawHeaders, url: '/' } as unknown as ServedRequest, 'https')
  assert.equal(named(2, ':authority', 'a.test'), 'a.test')
  assert.equal(named(2, ':authority', 'a.test', 'host', 'a.test'), 'a.test')
  assert.equal(named(2, ':authority', 'a.test', ':authority', 'a.test'), undefined)
  assert.equal(named(2, ':authority', 'a.test', ':authority', 'b.test'), undefined)
  assert.equal(named(2, ':authority', 'a.test', 'host', 'b.test'), undefined)
  assert.equal(named(1, 'Host', 'a.test', 'HOST', 'b.test'), undefined)
  assert.equal(named(1, ':authority', 'a.test'), undefined)
})

test('a canonical host is its own canonical form, whatever the case and port it came with', () => {
  fc.assert(
    fc.property(fc.domain(), fc.integer({ min: 1, max: 65_535 }), (domain, port) => {
      const host = canonicalHost(domain)
      assert.equal(host, domain.toLowerCase())
      assert.equal(canonicalHost(`${domain.toUpperCase()}:${port}`), host)
    }),
  )
})
