import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coreConfig } from '#platform'
import { pkiConfig, pkiSettings } from './config.ts'

test('left out, everything goes by the console', () => {
  const core = coreConfig.parse({ console: { host: 'gate.example.org' }, listen: { http: '0.0.0.0:80' } })
  const settings = pkiSettings(pkiConfig.parse({}), core, { httpPort: 80 })
  assert.equal(settings.trustDomain, 'gate.example.org')
  assert.equal(settings.certificateHost, 'certificate.gate.example.org')
  assert.equal(settings.distribution(), 'http://gate.example.org')
})

test('a port that is any free one is known once the listener has started', () => {
  const core = coreConfig.parse({ listen: { http: '127.0.0.1:0' } })
  const listener = { httpPort: 0 }
  const settings = pkiSettings(pkiConfig.parse({}), core, listener)
  assert.equal(settings.distribution(), undefined)
  listener.httpPort = 40_123
  assert.equal(settings.distribution(), 'http://gatehouse.localhost:40123')
})

test('what was configured is taken as it stands', () => {
  const config = pkiConfig.parse({
    trustDomain: 'example.org',
    distribution: 'http://pki.example.org:8000',
    certificateHost: 'mtls.example.org',
  })
  const settings = pkiSettings(config, coreConfig.parse({}), { httpPort: 8080 })
  assert.equal(settings.trustDomain, 'example.org')
  assert.equal(settings.certificateHost, 'mtls.example.org')
  assert.equal(settings.distribution(), 'http://pki.example.org:8000')
})

test('an address over TLS, with a path, or a name with a pattern is none', () => {
  for (const distribution of [
    'https://pki.example.org',
    'http://pki.example.org/',
    'http://a b',
    'http://pki.example.org/x',
  ])
    assert.equal(pkiConfig.safeParse({ distribution }).success, false, distribution)
  for (const name of ['*.example.org', 'Example.org', 'example.org.', '-a.org', ''])
    assert.equal(pkiConfig.safeParse({ trustDomain: name }).success, false, name)
})
