import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CorsSettings, corsOf, preflightOf, varyingByOrigin } from './cors.ts'

const shop = 'https://shop.example.org'
const settings: CorsSettings = {
  origins: [shop, 'http://localhost:5173'],
  methods: ['GET', 'PUT'],
  headers: ['content-type', 'x-csrf-token'],
  exposeHeaders: ['etag'],
  credentials: true,
  maxAgeSeconds: 600,
}

test('origins on the list are answered by name, all others not at all', () => {
  const cors = corsOf(settings)
  assert.deepEqual(cors.answer(shop), [
    'access-control-allow-origin',
    shop,
    'access-control-allow-credentials',
    'true',
    'access-control-expose-headers',
    'etag',
  ])
  assert.deepEqual(cors.preflight(shop), [
    'access-control-allow-origin',
    shop,
    'access-control-allow-credentials',
    'true',
    'access-control-allow-methods',
    'GET, PUT',
    'access-control-allow-headers',
    'content-type, x-csrf-token',
    'access-control-max-age',
    '600',
    'vary',
    'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  ])
  assert.ok(cors.varies)
  for (const other of [
    'null',
    '',
    '*',
    'https://shop.example.org:443',
    'https://SHOP.example.org',
    'https://shop.example.org.evil.example',
    'https://evil.example/https://shop.example.org',
    'http://shop.example.org',
    'https://shop.example.org/',
    'https://shop.example.org https://evil.example',
    '__proto__',
    'constructor',
  ]) {
    assert.deepEqual(cors.answer(other), [], other)
    assert.equal(cors.preflight(other), undefined, other)
  }
  assert.deepEqual(cors.answer(undefined), [])
})

test('everybody means nobody in particular: the same for all, and never with credentials', () => {
  const cors = corsOf({ ...settings, origins: ['*'], credentials: false, exposeHeaders: [] })
  assert.deepEqual(cors.answer('https://anybody.example'), ['access-control-allow-origin', '*'])
  assert.deepEqual(cors.answer(undefined), ['access-control-allow-origin', '*'])
  assert.ok(!cors.varies)
  assert.equal(cors.credentialed.size, 0)
})

test('only origins that may send credentials count as the app itself against requests of other sites', () => {
  assert.deepEqual([...corsOf(settings).credentialed], settings.origins)
  assert.equal(corsOf({ ...settings, credentials: false }).credentialed.size, 0)
})

test('a preflight is OPTIONS with both of its headers', () => {
  const headers = { origin: shop, 'access-control-request-method': 'PUT' }
  assert.deepEqual(preflightOf(headers), { origin: shop, method: 'PUT' })
  assert.equal(preflightOf({ origin: shop }), undefined)
  assert.equal(preflightOf({ 'access-control-request-method': 'PUT' }), undefined)
})

test('Vary names Origin once', () => {
  assert.equal(varyingByOrigin('Accept-Encoding'), 'Accept-Encoding, Origin')
  for (const vary of ['*', 'origin', 'Accept, ORIGIN', ' Origin ,Accept']) assert.equal(varyingByOrigin(vary), vary)
})
