import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Strength, strengthOf } from './strength.ts'

const samples: readonly (readonly [string, Strength])[] = [
  ['twelve chars', 'fair'],
  ['fifteen letters', 'fair'],
  ['sixteen letters!', 'good'],
  ['abcabcabcabcabcabcabcabcabc', 'fair'],
  ['kettle moss abdication', 'good'],
  ['kettle moss abdication gravel', 'strong'],
  ['🦊🐢🦉🐝🐌🐙🦀🐬🦜🐘🦔🐈🐕🦆🐧🦅', 'good'],
  ['u\u0308o\u0308a\u0308'.repeat(5), 'fair'],
]

test('strength is length, of what is hashed, and some variety', () => {
  for (const [password, expected] of samples) assert.equal(strengthOf(password), expected, password)
})
