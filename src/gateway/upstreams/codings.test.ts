import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codingsFor } from './codings.ts'

test('what a client takes, in its order, of equals Brotli first', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['gzip, deflate, br, zstd', 'br gzip'],
    ['br', 'br'],
    ['GZIP', 'gzip'],
    ['gzip;q=1.0, br;q=0.5', 'gzip br'],
    ['br;q=0, gzip', 'gzip'],
    ['br; q=0.000 , gzip ; q=0.001', 'gzip'],
    ['identity, gzip;q=0.5', ''],
    ['identity;q=0.5, gzip', 'gzip'],
    ['*', ''],
    ['', ''],
    ['gzip;q=2, br;q=x', ''],
    ['gzip;q=1;x=y', ''],
    ['xbr, gzipped', ''],
    [`${'a,'.repeat(10_000)}br`, ''],
  ]
  for (const [accepted, wanted] of cases) {
    const found = codingsFor(accepted).map(({ name }) => name)
    assert.equal(found.join(' '), wanted, accepted.slice(0, 60))
  }
})
