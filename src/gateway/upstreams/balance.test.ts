import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Upstream } from '../proxy/upstreams.ts'
import type { Balance } from './balance.ts'
import { reached, testUpstreams } from './testing.ts'

const three = ['http://127.0.0.1:1', 'http://127.0.0.1:2', 'http://127.0.0.1:3']
const refused = 'gateway.upstream-unreachable'

/** Ports chosen one after another, as the last digit of their addresses. */
function chosen(balance: Balance, count: number, mayTry = true): string {
  return Array.from({ length: count }, () => balance.choose(mayTry).text.at(-1)).join('')
}

function member(balance: Balance, at: number): Upstream {
  return balance.members[at] ?? assert.fail('no such member')
}

test('equals take turns, and whoever carries least comes first; open sockets count as carried', (t) => {
  const balance = testUpstreams(t).upstreams.balanceOf(reached(three))
  assert.equal(chosen(balance, 7), '1231231')
  member(balance, 0).inFlight = 2
  member(balance, 1).sockets = 1
  assert.equal(chosen(balance, 3), '333')
  member(balance, 2).inFlight = 1
  assert.equal(chosen(balance, 4), '2323')
})

test('an ejected one is left out until its rest is over, and then tried by one request that may be repeated', (t) => {
  const { upstreams, clock, notes } = testUpstreams(t)
  const balance = upstreams.balanceOf(reached(three))
  const second = member(balance, 1)
  balance.failed(second, second.health.era, refused)
  assert.deepEqual(notes, ['ejected http://127.0.0.1:2 gateway.upstream-unreachable'])
  assert.equal(chosen(balance, 4), '1313')
  clock.advance(1_000)
  assert.equal(chosen(balance, 4, false), '1313')
  assert.match(chosen(balance, 3), /2/)
  second.health.begin()
  assert.doesNotMatch(chosen(balance, 4), /2/)
})

test('a clock that is set forward or back ejects nobody and admits nobody', (t) => {
  const { upstreams, clock } = testUpstreams(t)
  const balance = upstreams.balanceOf(reached(three))
  const first = member(balance, 0)
  balance.failed(first, first.health.era, refused)
  clock.set(clock.now() + 86_400_000)
  assert.doesNotMatch(chosen(balance, 9), /1/)
  clock.set(clock.now() - 10 * 86_400_000)
  clock.advance(1_000)
  assert.match(chosen(balance, 3), /1/)
})

test('when all are ejected the least bad is asked; of those that fail their checks each in turn', (t) => {
  const { upstreams, clock } = testUpstreams(t)
  const balance = upstreams.balanceOf(reached(three))
  for (const one of [2, 0, 1]) {
    const upstream = member(balance, one)
    balance.failed(upstream, upstream.health.era, refused)
    clock.advance(10)
  }
  assert.equal(chosen(balance, 3), '333')
  for (const { health } of balance.members) health.checked(clock.monotonic(), false, true)
  assert.equal([...new Set(chosen(balance, 6))].sort().join(''), '123')
})

test('moving on is bounded: one request in ten, after ten to begin with; and never to the one that failed', (t) => {
  const { upstreams, notes } = testUpstreams(t)
  const balance = upstreams.balanceOf(reached(three))
  const first = member(balance, 0)
  for (let more = 0; more < 10; more += 1) {
    const other = balance.chooseAgain(first, true, 'gateway.upstream-closed')
    assert.ok(other !== undefined && other !== first)
  }
  assert.equal(balance.chooseAgain(first, true, 'gateway.upstream-closed'), undefined)
  assert.equal(notes.length, 10)
  chosen(balance, 9)
  assert.equal(balance.chooseAgain(first, true, 'gateway.upstream-closed'), undefined)
  chosen(balance, 2)
  assert.ok(balance.chooseAgain(first, true, 'gateway.upstream-closed') !== undefined)
})

test('one upstream is never left out and has no other', (t) => {
  const { upstreams, notes } = testUpstreams(t)
  const balance = upstreams.balanceOf(reached(['http://127.0.0.1:1'], { retries: 3 }))
  const { only } = balance
  assert.ok(only !== undefined)
  balance.failed(only, 0, refused)
  assert.equal(balance.choose(false), only)
  assert.equal(balance.chooseAgain(only, true, refused), undefined)
  assert.equal(balance.retries, 0)
  assert.deepEqual(notes, [])
})

test('what is known of an address outlives a change of the route, and ends when nobody leads there', async (t) => {
  const { upstreams } = testUpstreams(t)
  const before = upstreams.balanceOf(reached(three))
  const first = member(before, 0)
  before.failed(first, 0, refused)
  const after = upstreams.balanceOf(reached(three.slice(0, 2), { retries: 3 }))
  upstreams.retain([after])
  assert.equal(member(after, 0), first)
  assert.equal([...upstreams.all].length, 2)
  // another way of reaching it is another upstream: nothing is carried over connections that trust somebody else
  assert.notEqual(member(upstreams.balanceOf(reached(three, { ca: 'x' })), 0), first)
})
