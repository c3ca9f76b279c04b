import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Buckets } from './buckets.ts'
import { rateHeaders, rateRuleOf } from './rate-rule.ts'

const alone = { shared: false }
const tenASecond = rateRuleOf('rt_1', { requests: 10, perSeconds: 1, burst: null, by: 'principal' })

function taken(buckets: Buckets, rule: typeof tenASecond, who: string, now: number, tries: number): number {
  let allowed = 0
  for (let at = 0; at < tries; at += 1) if (buckets.take(rule, who, now).allowed) allowed += 1
  return allowed
}

test('a full bucket gives its depth at once, then one with every interval, exactly', () => {
  const buckets = new Buckets(alone)
  assert.equal(taken(buckets, tenASecond, 'a', 1_000, 50), 10)
  assert.equal(taken(buckets, tenASecond, 'a', 1_099, 5), 0)
  assert.equal(taken(buckets, tenASecond, 'a', 1_100, 5), 1)
  assert.equal(taken(buckets, tenASecond, 'a', 1_350, 5), 2)
  assert.equal(taken(buckets, tenASecond, 'a', 1_400, 5), 1)
  // never more than the depth, however long nobody came
  assert.equal(taken(buckets, tenASecond, 'a', 1_000_000, 50), 10)
})

test('over any time no more passes than the depth and what the rate gives back', () => {
  const rule = rateRuleOf('rt_1', { requests: 3, perSeconds: 7, burst: 5, by: 'principal' })
  const buckets = new Buckets(alone)
  let allowed = 0
  for (let now = 0; now <= 70_000; now += 137) allowed += taken(buckets, rule, 'a', now, 3)
  assert.equal(allowed, 5 + Math.floor((137 * Math.floor(70_000 / 137) * 3) / 7_000))
})

test('callers and routes have buckets of their own', () => {
  const buckets = new Buckets(alone)
  const other = rateRuleOf('rt_2', { requests: 10, perSeconds: 1, burst: null, by: 'principal' })
  assert.equal(taken(buckets, tenASecond, 'a', 0, 20), 10)
  assert.equal(taken(buckets, tenASecond, 'b', 0, 20), 10)
  assert.equal(taken(buckets, other, 'a', 0, 20), 10)
})

test('an answer says what is left and when one more is given back; a refusal when to come again', () => {
  const rule = rateRuleOf('rt_1', { requests: 2, perSeconds: 60, burst: 3, by: 'principal' })
  const buckets = new Buckets(alone)
  const headers = (now: number) => rateHeaders(rule, buckets.take(rule, 'a', now))
  const policy = ['ratelimit-policy', '"default";q=2;w=60;gatehouse-burst=3']
  assert.deepEqual(headers(0), [...policy, 'ratelimit', '"default";r=2;t=30'])
  assert.deepEqual(headers(10_000), [...policy, 'ratelimit', '"default";r=1;t=20'])
  assert.deepEqual(headers(10_001), [...policy, 'ratelimit', '"default";r=0;t=20'])
  assert.deepEqual(headers(10_002), [...policy, 'ratelimit', '"default";r=0;t=20', 'retry-after', '20'])
  assert.deepEqual(headers(29_999), [...policy, 'ratelimit', '"default";r=0;t=1', 'retry-after', '1'])
  // who comes back when told is let in
  assert.deepEqual(headers(30_000), [...policy, 'ratelimit', '"default";r=0;t=30'])
  assert.equal(tenASecond.policy, '"default";q=10;w=1')
})

test('attack 12: who used up a bucket does not get it back by coming under many names', () => {
  const buckets = new Buckets({ most: 100, shared: false })
  assert.equal(taken(buckets, tenASecond, 'attacker', 0, 10), 10)
  for (let at = 0; at < 10_000; at += 1) {
    assert.ok(buckets.take(tenASecond, `name ${at}`, 1).allowed)
    assert.ok(buckets.size <= 100)
  }
  assert.equal(taken(buckets, tenASecond, 'attacker', 2, 5), 0)
})

test('full buckets go first, and only they when they are enough', () => {
  const buckets = new Buckets({ most: 100, shared: false })
  for (let at = 0; at < 50; at += 1) buckets.take(tenASecond, `early ${at}`, 0)
  for (let at = 0; at < 50; at += 1) taken(buckets, tenASecond, `late ${at}`, 90, 10)
  // the early ones are full again
  assert.ok(buckets.take(tenASecond, 'new', 100).allowed)
  assert.equal(buckets.size, 51)
  for (let at = 0; at < 50; at += 1) assert.equal(taken(buckets, tenASecond, `late ${at}`, 100, 5), 0)
})

test('what is to be told is bounded too, while nobody can be told', () => {
  const buckets = new Buckets({ most: 100, shared: true })
  for (let at = 0; at < 1_000; at += 1) buckets.take(tenASecond, `name ${at}`, 0)
  const told = buckets.takeListed(1_000)
  assert.equal(told.length, 100)
  assert.equal(buckets.takeListed(1_000).length, 0)
})

test('a bucket that was dropped before it was told of is told of once at a time', () => {
  const buckets = new Buckets({ most: 1, shared: true })
  buckets.take(tenASecond, 'a', 0)
  const [first] = buckets.takeListed(10)
  assert.ok(first !== undefined)
  buckets.putBack(first, 1, 0)
  buckets.take(tenASecond, 'b', 0)
  buckets.take(tenASecond, 'a', 0)
  assert.deepEqual(
    buckets.takeListed(10).map(({ name }) => name),
    ['rt_1 a'],
  )
  assert.equal(buckets.size, 1)
})
