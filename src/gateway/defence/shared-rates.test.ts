import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { addressNetwork, anonymous } from '#kit'
import { type Database, tables } from '#platform'
import { eachDialect, fakeClock, memoryLog, type OpenDatabase } from '#platform/testing'
import { migrations } from '../migrations/index.ts'
import { type RateRule, rateRuleOf } from './rate-rule.ts'
import { forgetFull } from './rate-store.ts'
import { Rates } from './rates.ts'

const rooms = [{ room: 'gateway', migrations }]
/** One request given back in ten minutes: what passes while a test runs is nothing beside it. */
const slow = rateRuleOf('rt_1', { requests: 6, perSeconds: 3_600, burst: 10, by: 'address' })
const address = '192.0.2.7'

function spend(rates: Rates, rule: RateRule, tries: number, from = address): number {
  let allowed = 0
  for (let at = 0; at < tries; at += 1) if (rates.take(rule, undefined, from).allowed) allowed += 1
  return allowed
}

async function nodesOn(t: TestContext, open: OpenDatabase, count: number) {
  const place = await open.place(t)
  const nodes: { readonly rates: Rates; readonly database: Database; readonly clock: ReturnType<typeof fakeClock> }[] =
    []
  for (let at = 0; at < count; at += 1) {
    const clock = fakeClock()
    // their own clocks have nothing to do with each other
    clock.advance(at * 987_654)
    const database = await open(t, { place, rooms, clock })
    nodes.push({ rates: new Rates({ database, clock, log: memoryLog(), threads: { others: 1 } }), database, clock })
  }
  return nodes
}

eachDialect((dialect, open) => {
  if (dialect === 'sqlite') {
    test('one node of one thread on SQLite counts by itself', async (t) => {
      const database = await open(t, { rooms })
      const rates = new Rates({ database, clock: fakeClock(), log: memoryLog(), threads: { others: 0 } })
      assert.equal(rates.shared, undefined)
      assert.equal(spend(rates, slow, 20), 10)
    })

    test('addresses are remembered up to a bound, and count for the same network once they were forgotten', async (t) => {
      const database = await open(t, { rooms })
      const rates = new Rates({ database, clock: fakeClock(), log: memoryLog(), threads: { others: 0 } })
      const both = ['2001:db8::1', '2001:db8::2'] as const
      assert.equal(spend(rates, slow, 6, both[0]), 6)
      assert.equal(spend(rates, slow, 4), 4)
      let most = 0
      for (let at = 0; at < 20_001; at += 1) {
        assert.equal(spend(rates, slow, 1, `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`), 1)
        most = Math.max(most, rates.remembered)
      }
      assert.equal(most, 10_000)
      assert.equal(spend(rates, slow, 20, both[1]), 4, 'one network with the other address')
      assert.equal(spend(rates, slow, 20), 6)
      assert.equal(spend(rates, slow, 20, '10.0.0.0'), 9)
    })
  }

  test('what one node gave the other does not give again, and the overshoot is within the stated bound', async (t) => {
    const [one, other] = await nodesOn(t, open, 2)
    assert.ok(one !== undefined && other !== undefined)
    assert.equal(spend(one.rates, slow, 6), 6)
    await one.rates.shared?.report()
    // the first it hears of the caller is the caller: until its report it knows no better
    assert.equal(spend(other.rates, slow, 5), 5)
    await other.rates.shared?.report()
    assert.equal(spend(other.rates, slow, 20), 0)
    // this one has not heard yet: what it may still give is bounded by the bucket
    assert.equal(spend(one.rates, slow, 20), 4)
    await one.rates.shared?.report()
    await other.rates.shared?.report()
    // 15 of 10: 5 too many, at most one bucket for each node but one
    for (const { rates } of [one, other]) assert.equal(spend(rates, slow, 20), 0)
    // who is refused is asked about, so by now both know; and what was too much is owed
    for (const { rates } of [one, other]) await rates.shared?.report()
    for (const { clock } of [one, other]) clock.advance(5 * 600_000)
    for (const { rates } of [one, other]) assert.equal(spend(rates, slow, 20), 0)
    one.clock.advance(600_000 + 1_000)
    assert.equal(spend(one.rates, slow, 20), 1)
  })

  test('attack 12: alternating between nodes gains a bucket once, not again and again', async (t) => {
    const nodes = await nodesOn(t, open, 2)
    let passed = 0
    for (let round = 0; round < 6; round += 1) {
      for (const { rates } of nodes) passed += spend(rates, slow, 50)
      for (const { rates } of nodes) await rates.shared?.report()
    }
    assert.ok(passed <= 20, String(passed))
    assert.ok(passed >= 10, String(passed))
  })

  test('a caller that uses one node only gets neither more nor less than without the others', async (t) => {
    const [node] = await nodesOn(t, open, 2)
    assert.ok(node !== undefined)
    const { rates, clock } = node
    const fast = rateRuleOf('rt_2', { requests: 10, perSeconds: 1_000, burst: 10, by: 'address' })
    assert.equal(spend(rates, fast, 4), 4)
    clock.advance(200)
    await rates.shared?.report()
    assert.equal(spend(rates, fast, 20), 6)
    await rates.shared?.report()
    assert.equal(spend(rates, fast, 20), 0)
  })

  test('reports of many nodes at once neither fail nor lose a use', async (t) => {
    const nodes = await nodesOn(t, open, 3)
    for (const { rates } of nodes) {
      for (let at = 0; at < 20; at += 1) assert.equal(spend(rates, slow, 1, `198.51.100.${at}`), 1)
    }
    await Promise.all(nodes.map(async ({ rates }) => rates.shared?.report()))
    // another of the same addresses tells every node of all three
    for (const { rates } of nodes) {
      for (let at = 0; at < 20; at += 1) spend(rates, slow, 1, `198.51.100.${at}`)
      await rates.shared?.report()
    }
    const last = nodes.at(-1)
    assert.ok(last !== undefined)
    for (let at = 0; at < 20; at += 1) {
      assert.equal(last.rates.take(slow, undefined, `198.51.100.${at}`).remaining, 3)
    }
  })

  test('while the database is away each node counts for itself, and tells what was taken once it is back', async (t) => {
    const [one, other] = await nodesOn(t, open, 2)
    assert.ok(one !== undefined && other !== undefined)
    const log = memoryLog()
    let away = true
    const tx: Database['tx'] = (work) => (away ? Promise.reject(new Error('away')) : one.database.tx(work))
    const rates = new Rates({ database: { dialect, tx }, clock: one.clock, log, threads: { others: 1 } })
    assert.equal(spend(rates, slow, 7), 7)
    await rates.shared?.report()
    assert.equal(spend(rates, slow, 20), 3)
    await rates.shared?.report()
    assert.equal(log.entries.length, 1)
    away = false
    await rates.shared?.report()
    assert.equal(spend(other.rates, slow, 1), 1)
    await other.rates.shared?.report()
    assert.equal(spend(other.rates, slow, 20), 0)
  })

  test('full buckets are forgotten, others stay', async (t) => {
    const [node, other] = await nodesOn(t, open, 2)
    assert.ok(node !== undefined && other !== undefined)
    const { rates, database, clock } = node
    const brief = rateRuleOf('rt_3', { requests: 1_000_000, perSeconds: 1, burst: null, by: 'address' })
    clock.advance(1_000)
    spend(rates, slow, 6)
    spend(rates, brief, 1)
    clock.advance(250)
    await rates.shared?.report()
    const kept = (): Promise<readonly { readonly name: string }[]> =>
      database.tx(async (db) => (await tables(db).raw<{ readonly name: string }>(named, [])).rows)
    const named = 'select name from gateway_rate_uses order by name'
    assert.equal((await kept()).length, 2)
    await database.tx((db) => forgetFull(db))
    assert.deepEqual(await kept(), [{ name: `rt_1 ${addressNetwork(address)}` }])
    // the one that stays says what it said
    assert.equal(spend(other.rates, slow, 1), 1)
    await other.rates.shared?.report()
    assert.equal(spend(other.rates, slow, 20), 3)
  })
})

test('attack 12: addresses of one IPv6 network are one caller, and IPv4 in IPv6 is IPv4', () => {
  const database = { dialect: 'sqlite', tx: () => assert.fail('nothing is asked') } as const
  const rates = new Rates({ database, clock: fakeClock(), log: memoryLog(), threads: { others: 0 } })
  assert.equal(spend(rates, slow, 5, '2001:db8::1'), 5)
  assert.equal(spend(rates, slow, 20, '2001:db8:0:0:ffff::2'), 5)
  assert.equal(spend(rates, slow, 20, '2001:db8:0:1::1'), 10)
  assert.equal(spend(rates, slow, 5, '192.0.2.1'), 5)
  assert.equal(spend(rates, slow, 20, '::ffff:192.0.2.1'), 5)
  assert.equal(spend(rates, slow, 20, '192.0.2.2'), 10)
})

test('people are counted as themselves wherever they come from, unless the route counts addresses', () => {
  const database = { dialect: 'sqlite', tx: () => assert.fail('nothing is asked') } as const
  const rates = new Rates({ database, clock: fakeClock(), log: memoryLog(), threads: { others: 0 } })
  const person = { ...anonymous('192.0.2.1'), principal: { kind: 'account', id: 'acc_1', name: 'sam' } } as const
  const rule = rateRuleOf('rt_1', { requests: 6, perSeconds: 3_600, burst: 10, by: 'principal' })
  for (let at = 0; at < 10; at += 1) assert.ok(rates.take(rule, person, `192.0.2.${at}`).allowed)
  assert.ok(!rates.take(rule, person, '192.0.2.99').allowed)
  assert.ok(rates.take(rule, undefined, '192.0.2.1').allowed)
  const byAddress = rateRuleOf('rt_2', { requests: 6, perSeconds: 3_600, burst: 1, by: 'address' })
  assert.ok(rates.take(byAddress, person, '192.0.2.1').allowed)
  assert.ok(!rates.take(byAddress, undefined, '192.0.2.1').allowed)
})
