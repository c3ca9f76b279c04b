import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '#platform'
import { normalizePassword, passwordFault } from './password-rule.ts'
import { generatePassword } from './passwords.ts'

test('a password is judged by length alone', () => {
  for (const good of [
    'aaaaaaaaaaaa',
    'correct horse battery',
    '🦊'.repeat(12),
    'x'.repeat(1024),
    ' leading and trailing ',
  ]) {
    assert.equal(passwordFault(good, 'ada'), undefined, good)
  }
  const bad = [
    '',
    'short',
    '🦊'.repeat(11),
    'x'.repeat(1025),
    'ä'.repeat(513),
    'twelve chars\u0000',
    'with\ttab and more',
    '\ud800'.repeat(12),
  ]
  for (const text of bad) assert.notEqual(passwordFault(text, 'ada'), undefined, JSON.stringify(text))
  assert.notEqual(passwordFault('Ada-Lovelace-1', 'ada-lovelace-1'), undefined)
})

test('one password typed on two keyboards is one password, and length counts what is hashed', () => {
  assert.equal(normalizePassword('Zürich'), normalizePassword('Zu\u0308rich'))
  // twelve letters typed, six after composition
  assert.notEqual(passwordFault('u\u0308'.repeat(6), 'ada'), undefined)
})

test('a generated password is one', () => {
  const made = new Set(Array.from({ length: 50 }, () => generatePassword(systemRandom)))
  assert.equal(made.size, 50)
  for (const password of made) {
    assert.match(password, /^([A-Za-z3-9]{5}-){3}[A-Za-z3-9]{5}$/)
    assert.equal(passwordFault(password, 'ada'), undefined)
  }
})
