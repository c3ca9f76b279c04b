import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#kit'
import { systemRandom } from '#platform'
import { isCompromised, normalizePassword, passwordFault } from './password-rule.ts'
import { commonPasswords } from './passwords/breached.ts'
import { generatePassword } from './passwords.ts'

const context = { breached: commonPasswords, handle: 'ada', hosts: ['gatehouse.localhost', 'gatehouse'] }
const fault = (text: string, handle = 'ada') => passwordFault(new Secret(text), { ...context, handle })

test('a password is judged by length and by what is known, not by what it is composed of', async () => {
  const long = 'abdication kettle moss '.repeat(12)
  for (const good of [
    'correct horse battery',
    'twelvelettrs',
    '123 bottles of ink',
    ' leading and trailing ',
    'Grüße aus Zürich',
    '🦊🐢🦉🐝🐌🐙🦀🐬🦜🐘🦔🐈',
    `${long.slice(0, 255)}x`,
  ]) {
    assert.equal(await fault(good), undefined, good)
  }
  const bad: readonly (readonly [string, RegExp])[] = [
    ['', /at least 12/],
    ['short', /at least 12/],
    ['🦊🐢🦉🐝🐌🐙🦀🐬🦜🐘🦔', /at least 12/],
    [`${long.slice(0, 255)}xy`, /at most 256/],
    ['x'.repeat(10_000_000), /at most 256/],
    ['ﷺ'.repeat(15), /at most 256/],
    ['twelve chars\u0000', /NUL/],
    ['with\ttab and more', /control characters/],
    ['with\u0085next line', /control characters/],
    ['\ud800 half a character', /not valid Unicode/],
    ['passw\u200bord1234 \u0007', /control characters/],
    ['aaaaaaaaaaaa', /repeats one short piece/],
    ['qwertyuiop[]', /keyboard or the alphabet/],
    ['Password2026!', /one common word/],
    ['ada-20261122', /one common word|at least/],
    ['Gatehouse2026', /one common word/],
    ['chocolate2324', /one common word|on a list/],
    ['1Q2w3e4r5t6y', /on a list|keyboard/],
    ['newproject2004', /on a list/],
  ]
  for (const [text, message] of bad)
    assert.match((await fault(text)) ?? 'nothing', message, JSON.stringify(text.slice(0, 40)))
  assert.match((await fault('Ada-Lovelace-1', 'ada-lovelace-1')) ?? '', /must not be the handle/)
})

test('a leaked password is refused whoever knows that it leaked', async () => {
  const leaked = 'granite harbour willow 7'
  assert.equal(await fault(leaked), undefined)
  const breached = { find: async (password: Secret) => password.reveal() === leaked }
  assert.match((await passwordFault(new Secret(leaked), { ...context, breached })) ?? '', /list of leaked/)
  assert.equal(await isCompromised(new Secret(leaked), { ...context, breached }), true)
  assert.equal(await isCompromised(new Secret(leaked), context), false)
  assert.equal(await isCompromised(new Secret('Password2026!'), context), true)
  assert.equal(await isCompromised(new Secret('zq xv'), context), false)
})

test('a list that cannot answer refuses the password: no answer is no yes', async () => {
  const breached = { find: () => Promise.reject(new Error('away')) }
  await assert.rejects(passwordFault(new Secret('granite harbour willow 7'), { ...context, breached }), /away/)
})

test('one password typed on two keyboards is one password, and length counts what is hashed', async () => {
  assert.equal(normalizePassword('Zürich'), normalizePassword('Zu\u0308rich'))
  // twelve letters typed, six after composition
  assert.match((await fault('u\u0308'.repeat(6))) ?? '', /at least 12/)
})

test('a generated password is one', async () => {
  const made = new Set(Array.from({ length: 50 }, () => generatePassword(systemRandom)))
  assert.equal(made.size, 50)
  for (const password of made) {
    assert.match(password, /^([A-Za-z3-9]{5}-){3}[A-Za-z3-9]{5}$/)
    assert.equal(await fault(password), undefined)
  }
})
