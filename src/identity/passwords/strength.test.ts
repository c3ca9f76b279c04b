import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
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

test('the page says as one types what is said after sending', () => {
  const source = readFileSync(new URL('../../platform/ui-kit/assets/password-strength.js', import.meta.url), 'utf8')
  const context = createContext({ document: { querySelectorAll: () => [] } })
  const verdictOf = runInContext(`${source}\nverdictOf`, context) as (password: string) => readonly [string, number]
  for (const [password, expected] of samples) assert.equal(verdictOf(password)[0], expected, password)
  assert.deepEqual([...verdictOf('short')], ['short', 7])
  assert.equal(verdictOf('x'.repeat(257))[0], 'long')
})
