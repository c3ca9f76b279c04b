import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { returnPath } from './return-path.ts'

test('attack 16: only a path of this origin is gone on to', () => {
  const kept = ['/', '/accounts', '/a?b=c&d=%2F', '/a#b', '/a/../b', '/a//b']
  for (const path of kept) assert.notEqual(returnPath(path), path === '/' ? undefined : '/', path)
  const refused = [
    undefined,
    '',
    'accounts',
    'https://evil.example/',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/%2e//evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    ' /a',
    '/a b',
    '/ä',
    '/\u0000',
    `/${'a'.repeat(3000)}`,
    '@evil.example',
    '/\\/evil.example',
  ]
  for (const path of refused) assert.equal(returnPath(path), '/', JSON.stringify(path))
})

test('whatever is asked, a browser stays on this origin', () => {
  const piece = fc.constantFrom('/', '\\', '.', '..', '%2f', '%5c', '@', ':', '//', 'evil.example', '?', '#', '\t', 'a')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const path = returnPath(pieces.join(''))
      return new URL(path, 'https://console.test/sign-in').origin === 'https://console.test'
    }),
    { numRuns: 2_000 },
  )
})
