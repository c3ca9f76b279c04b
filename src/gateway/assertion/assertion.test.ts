import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { headerList, headerText } from './identity-headers.ts'
import { assertionLifeMs, endedKeys, keyState, leadMs, signingKey } from './keys.ts'

test('a header carries any text as printable ASCII that decodes to the same text', () => {
  assert.equal(headerText('Ada Lovelace'), 'Ada Lovelace')
  assert.equal(headerText('Zoë'), 'Zo%C3%AB')
  assert.equal(headerText('100%'), '100%25')
  assert.equal(headerList(['ops', 'a,b', 'ü']), 'ops,a%2Cb,%C3%BC')
  assert.equal(headerText('x\r\nRemote-User: root'), 'x%0D%0ARemote-User: root')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const carried = headerText(text)
      assert.match(carried, /^[\x20-\x7e]*$/)
      assert.equal(decodeURIComponent(carried), text.toWellFormed())
    }),
  )
})

test('a new key is published before it signs, and an old one verifies until its last assertion has ended', () => {
  const first = { id: 'first', createdAt: 0 }
  const second = { id: 'second', createdAt: 1_000_000 }
  const keys = [first, second]
  assert.equal(signingKey([], 5), undefined)
  assert.equal(signingKey([first], 0), first)
  assert.equal(signingKey(keys, 1_000_000 + leadMs - 1), first)
  assert.equal(signingKey(keys, 1_000_000 + leadMs), second)
  assert.equal(keyState(keys, second, 1_000_000), 'published')
  assert.equal(keyState(keys, first, 1_000_000), 'signing')
  assert.equal(keyState(keys, first, 1_000_000 + leadMs), 'ending')
  const lastEnded = 1_000_000 + leadMs + 2 * assertionLifeMs
  assert.deepEqual(endedKeys(keys, lastEnded - 1), [])
  assert.deepEqual(endedKeys(keys, lastEnded), [first])
})
