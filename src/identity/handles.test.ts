import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { foldHandle, handleFault } from './handles.ts'

test('a handle is one plain slug', () => {
  for (const good of ['a', 'ada', 'Ada', 'ada.l-2', '7', 'x'.repeat(64)])
    assert.equal(handleFault(good), undefined, good)
  const bad = [
    '',
    '-a',
    'a-',
    'a b',
    ' a',
    'a_b',
    'ａｄａ',
    'adа',
    'a\u200bda',
    'é',
    'x'.repeat(65),
    'system',
    'LOCAL',
    'a/b',
    'a\n',
  ]
  for (const text of bad) assert.notEqual(handleFault(text), undefined, JSON.stringify(text))
})

test('attack 30: every spelling of a handle folds to one form', () => {
  for (const typed of ['ada', 'ADA', ' ada ', 'a d a', 'ＡＤＡ', 'a\u200bd\u00ada', 'ada\n', '\u202eada']) {
    assert.equal(foldHandle(typed), 'ada', JSON.stringify(typed))
  }
  for (const typed of ['áda', 'a\u0301da', 'a\u200b\u0301da', 'a \u0301da']) {
    assert.equal(foldHandle(typed), 'áda', JSON.stringify(typed))
  }
})

test('folding is done once: what is folded stays', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      (text) => foldHandle(foldHandle(text)) === foldHandle(text),
    ),
  )
})

test('an accepted handle is its own folded form but for case', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 20 }),
      (text) => handleFault(text) !== undefined || foldHandle(text) === text.toLowerCase(),
    ),
  )
})
