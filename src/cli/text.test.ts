import assert from 'node:assert/strict'
import { test } from 'node:test'
import { facts, table, time, visible, visibleJson, widthOf } from './text.ts'

test('what would command a terminal is shown instead of obeyed', () => {
  assert.equal(visible('a\u001b[31mred\u0007'), 'a\\u{1b}[31mred\\u{7}')
  assert.equal(visible('two\nlines\ttab'), 'two\\u{a}lines\\u{9}tab')
  assert.equal(visible('\u009b31m \u202egnp.exe \u2066x\u200b'), '\\u{9b}31m \\u{202e}gnp.exe \\u{2066}x\\u{200b}')
  assert.equal(visible('Zoë 李 👩'), 'Zoë 李 👩')
})

test('JSON stays the same value and holds no such character either', () => {
  const value = { name: 'a\u001b\u009b\u202e\u{e0001}\u2028b\n', list: [1, null] }
  const text = visibleJson(value)
  assert.deepEqual(JSON.parse(text), value)
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\u2028]/u)
})

test('columns are aligned by what is seen', () => {
  assert.equal(widthOf('Zoe\u0308'), 3)
  assert.equal(widthOf('李👩'), 4)
  assert.equal(
    table(
      ['NAME', 'STATE'],
      [
        ['李', 'active'],
        ['sam', ''],
      ],
    ),
    'NAME  STATE\n李    active\nsam',
  )
})

test('a column without a value is left out', () => {
  assert.equal(table(['A', 'B', 'C'], [['1', '', 'x']]), 'A  C\n1  x')
})

test('facts leave out what is not there', () => {
  assert.equal(
    facts([
      ['Id', 'acc_1'],
      ['E-mail', undefined],
      ['State', 'active'],
    ]),
    'Id     acc_1\nState  active',
  )
})

test('times are exact', () => {
  assert.equal(time('2026-11-22T01:20:10.123Z'), '2026-11-22 01:20:10Z')
  assert.equal(time(null), '')
})
