import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Latencies } from './latencies.ts'
import { Rate } from './rate.ts'
import { RouteFigures } from './route-figures.ts'

test('a quantile is never less than the true one and at most a fifth more', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.3, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0.5, 0.95, 0.99, 1),
      (values, share) => {
        const latencies = new Latencies()
        for (const value of values) latencies.add(value)
        const sorted = values.toSorted((a, b) => a - b)
        const exact = sorted[Math.max(1, Math.ceil(sorted.length * share)) - 1] ?? 0
        const told = latencies.within(share) ?? 0
        assert.ok(told >= exact * (1 - 1e-9) && told <= exact * 1.2, `${told} for ${exact}`)
      },
    ),
  )
})

test('what is longer than every bound still counts, and nothing is told of no answers', () => {
  const latencies = new Latencies()
  assert.equal(latencies.within(0.5), undefined)
  latencies.add(10_000_000)
  assert.equal(latencies.count, 1)
  assert.equal(latencies.within(0.5), 65_536)
  assert.equal(latencies.byDoubling().at(-1)?.count, 1)
})

test('a rate tells the last whole seconds, and forgets what is older than five minutes', () => {
  const rate = new Rate(0)
  for (let second = 0; second < 10; second += 1) for (let each = 0; each < second; each += 1) rate.add(second * 1000)
  assert.equal(rate.inLast(1, 10_000), 9)
  assert.equal(rate.inLast(10, 10_500), 45)
  assert.equal(rate.inLast(5, 12_000), 9 + 8 + 7)
  assert.equal(rate.inLast(299, 400_000), 0)
  rate.add(400_000)
  assert.equal(rate.inLast(1, 400_999), 0, 'the second that has begun is not over')
  assert.equal(rate.inLast(1, 401_000), 1)
})

test('reasons are told apart up to a bound; who leaves early is no latency', () => {
  const figures = new RouteFigures('blog', 0)
  for (let each = 0; each < 100; each += 1) figures.refused(`r${each}`, 0)
  figures.refused('r3', 0)
  assert.equal(figures.refusals().length, 65)
  assert.deepEqual(figures.inLast(10, 1_000), { passed: 0, refused: 101 })
  assert.deepEqual(figures.refusals()[0], { reason: 'other', count: 36 })
  assert.deepEqual(figures.refusals()[1], { reason: 'r3', count: 2 })
  figures.passed(0, true, 0, 50)
  figures.passed(0, false, 0, 5)
  figures.passed(200, false, 0, 5)
  figures.passed(200, true, 0, 5)
  figures.passed(101, false, 0, 9_000)
  assert.equal(figures.latencies.count, 2)
  assert.equal(figures.latencies.sum, 10)
  assert.deepEqual(figures.inLast(10, 10_000), { passed: 5, refused: 101 })
  assert.deepEqual(
    figures.answers().filter(({ count }) => count > 0),
    [
      { ending: 'gone', count: 1 },
      { ending: '1xx', count: 1 },
      { ending: '2xx', count: 1 },
      { ending: 'cut', count: 1 },
      { ending: 'failed', count: 1 },
    ],
  )
})
