import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedMap } from './bounded-map.ts'

test('what is used stays, what is not goes, and the weight is bounded', () => {
  const map = new BoundedMap<string>(100, (value) => value.length)
  map.set('used', 'x')
  for (let index = 0; index < 1_000; index += 1) {
    map.set(`k${index}`, 'x'.repeat(10))
    assert.equal(map.get('used'), 'x')
    assert.ok(map.size <= 13, `${map.size} entries of 10`)
  }
  assert.equal(map.get('k0'), undefined)
  assert.equal(map.get('k999')?.length, 10)
})

test('an entry written again weighs once, and one heavier than all is kept until the next', () => {
  const map = new BoundedMap<string>(100, (value) => value.length)
  map.set('a', 'x')
  for (let index = 0; index < 1_000; index += 1) map.set('b', 'x'.repeat(40))
  assert.equal(map.get('a'), 'x')
  map.set('huge', 'x'.repeat(1_000))
  assert.equal(map.get('huge')?.length, 1_000)
  map.set('c', 'x')
  map.set('d', 'x'.repeat(60))
  map.set('e', 'x')
  assert.equal(map.get('huge')?.length, undefined)
})

test('without a weight entries are counted', () => {
  const map = new BoundedMap<number>(10)
  for (let index = 0; index < 100; index += 1) map.set(String(index), index)
  assert.ok(map.size <= 10)
  map.clear()
  assert.equal(map.size, 0)
})
