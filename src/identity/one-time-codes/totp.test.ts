import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#kit'
import { clockDifference, matchingStep, newTotpKey, stepAt, totpAddress, totpText } from './totp.ts'

// RFC 6238, appendix B: the key is "12345678901234567890"; the codes there have eight digits, ours are their last six
const key = new Secret('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
const vectors = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
] as const

for (const [seconds, code] of vectors) {
  test(`RFC 6238 appendix B, SHA-1, ${seconds} s`, () => {
    assert.equal(matchingStep(key, code.slice(2), seconds * 1_000), Math.floor(seconds / 30))
  })
}

test('a code counts a step early and a step late, and names its own step', () => {
  const at = 1_111_111_109_000
  const code = '081804'
  const step = stepAt(at)
  assert.equal(matchingStep(key, code, at - 30_000), step)
  assert.equal(matchingStep(key, code, at + 30_000), step)
  assert.equal(matchingStep(key, code, at - 60_000), undefined)
  assert.equal(matchingStep(key, code, at + 60_000), undefined)
})

test('codes are taken as people type them, and nothing else is', () => {
  const at = 1_111_111_109_000
  for (const typed of ['081804', ' 081 804 ', '081-804', '０８１８０４']) assert.ok(matchingStep(key, typed, at), typed)
  const others = ['', '81804', '0081804', '07081804', '08180a', '081804\0', '+81804', '٠٨١٨٠٤', '0'.repeat(1_000)]
  for (const typed of others) assert.equal(matchingStep(key, typed, at), undefined, typed)
})

test('clocks that differ too far are told apart from wrong codes', () => {
  const at = 1_111_111_109_000
  assert.equal(clockDifference(key, '081804', at), undefined)
  assert.equal(clockDifference(key, '081804', at + 30_000), undefined)
  assert.equal(clockDifference(key, '081804', at + 300_000), -300_000)
  assert.equal(clockDifference(key, '081804', at - 300_000), 300_000)
  assert.equal(clockDifference(key, '081805', at), undefined)
})

test('a key is 160 random bits; its address is what apps read, its text what people type', () => {
  const made = newTotpKey({ bytes: (length) => new Uint8Array(length).fill(0xa5) })
  assert.match(made.reveal(), /^[A-Z2-7]{32}$/)
  const address = new URL(totpAddress(made, 'gate.example.org', 'ada').reveal())
  assert.equal(address.protocol, 'otpauth:')
  assert.equal(address.host, 'totp')
  assert.equal(decodeURIComponent(address.pathname), '/gate.example.org:ada')
  const asked = Object.fromEntries(address.searchParams)
  const parameters = { issuer: 'gate.example.org', algorithm: 'SHA1', digits: '6', period: '30' }
  assert.deepEqual(asked, { ...parameters, secret: made.reveal() })
  assert.match(totpText(made).reveal(), /^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/)
})
