import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import { strengthOf } from '../src/identity/passwords/strength.ts'
import { root } from './structure/sources.ts'

test('a page says as one types what the server says after sending', () => {
  const source = readFileSync(resolve(root, 'src/platform/ui-kit/assets/password-strength.js'), 'utf8')
  const context = createContext({ document: { querySelectorAll: () => [] } })
  const verdictOf = runInContext(`${source}\nverdictOf`, context) as (password: string) => readonly [string, number]
  const words = 'kettle moss abdication gravel lantern parade'
  const samples = [
    ...Array.from({ length: 33 }, (_, i) => words.slice(0, 12 + i)),
    'abcabcabcabcabcabcabcabcabc',
    '🦊🐢🦉🐝🐌🐙🦀🐬🦜🐘🦔🐈🐕🦆🐧🦅',
    'u\u0308o\u0308a\u0308'.repeat(5),
    'ﷺ',
  ]
  for (const password of samples) assert.equal(verdictOf(password)[0], strengthOf(password), password)
  assert.deepEqual([...verdictOf('short')], ['short', 7])
  assert.equal(verdictOf('x'.repeat(257))[0], 'long')
})
