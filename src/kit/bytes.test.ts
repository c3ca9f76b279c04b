import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesText, parseBytes } from './bytes.ts'

test('bytes are read with and without a unit, and nothing else is', () => {
  const read: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['500', 500],
    ['64kB', 64_000],
    ['64 KB', 64_000],
    ['10 mb', 10_000_000],
    ['2GB', 2_000_000_000],
    ['1TB', 1_000_000_000_000],
  ]
  for (const [text, bytes] of read) assert.equal(parseBytes(text), bytes, text)
  for (const text of ['', '-1', '1.5MB', '10 M', '10MiB', 'MB', '1  MB', '999999999999TB', '1e3']) {
    assert.equal(parseBytes(text), undefined, text)
  }
})

test('a number of bytes is said so that it is read again', () => {
  for (const bytes of [0, 1, 999, 1_000, 1_500, 16_384, 10_000_000, 2_000_000_000, 3_000_000_000_001]) {
    assert.equal(parseBytes(bytesText(bytes)), bytes)
  }
  assert.equal(bytesText(10_000_000), '10 MB')
  assert.equal(bytesText(16_384), '16384 B')
})
