import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#kit'
import { systemRandom } from '#platform'
import { generatePassword } from '../passwords.ts'
import { commonPasswords } from './breached.ts'
import { digestList } from './digest-list.ts'
import { findGuessable } from './guessable.ts'

const context = ['sam-vimes', 'gatehouse.example.org', 'gatehouse']

test('what is made from one common piece is told by its rule', () => {
  const found = {
    repeated: [
      'aaaaaaaaaaaa',
      'abc123abc123',
      'passwordpassword',
      '🦊'.repeat(12),
      'Password1Password1',
      'xyz xyz xyz xyz',
    ],
    runs: [
      'qwertyuiop12',
      'abcdefghijkl',
      '210987654321',
      '1qaz2wsx3edc',
      'asdfghjkl123!',
      'zxcvbnmasdfghjkl',
      'qwertzuiop!!!',
      '111222333444',
    ],
    word: [
      'Password123!',
      'p@$$w0rd2024',
      'sam-vimes2026',
      '!!sunshine!!',
      'gatehouse2026!',
      'Example-12345',
      'passw0rd1234',
      'iloveyou123456789012',
      'SAM-VIMES!!!',
    ],
  }
  for (const [rule, passwords] of Object.entries(found)) {
    for (const password of passwords) assert.equal(findGuessable(password, context), rule, password)
  }
})

test('what only looks like it is not told', () => {
  const good = [
    'correct horse battery staple',
    'a long enough password',
    'Tidal-Moss-Kettle',
    'k3#xP9qZk3#xP9qZ',
    'abcdef-Kettle-9x',
    'password of the week',
    '84 bottles of ink',
    'sam-vimes walks home',
    'xkqjzvwpyfhm',
  ]
  for (const password of good) assert.equal(findGuessable(password, context), undefined, password)
  for (let i = 0; i < 200; i += 1) assert.equal(findGuessable(generatePassword(systemRandom), context), undefined)
})

test('a name counts only as long as it is one', () => {
  assert.equal(findGuessable('Lovelace-2026!', ['ada-lovelace']), 'word')
  assert.equal(findGuessable('xy-84625173', ['xy']), undefined)
})

test('the longest password is judged at once', () => {
  for (const text of ['ab'.repeat(128), 'abcdefghijklm'.repeat(20).slice(0, 256), `${'é!'.repeat(127)}zz`])
    findGuessable(text, context)
})

test('the shipped list knows common passwords in any spelling, and no others', async () => {
  const find = (text: string) => commonPasswords.find(new Secret(text))
  for (const text of [
    'password1234',
    'PASSWORD1234',
    'ｐａｓｓｗｏｒｄ1234',
    'pass word 1234',
    '1q2w3e4r5t6y',
    'administrator',
  ]) {
    assert.equal(await find(text), true, text)
  }
  for (const text of ['correct horse battery', 'Tidal-Moss-Kettle', '', 'x'.repeat(10_000_000)]) {
    assert.equal(await find(text), false, text.slice(0, 30))
  }
  for (let i = 0; i < 500; i += 1) assert.equal(await find(generatePassword(systemRandom)), false)
})

test('a damaged list is refused, not half believed', () => {
  assert.throws(() => digestList(Buffer.alloc(7)), /cut off/)
  assert.throws(() => digestList(Buffer.from([0, 0, 0, 0, 2, 0, 0, 0, 0, 1])), /out of order/)
  assert.equal(digestList(Buffer.alloc(0)).has('a'), false)
})
