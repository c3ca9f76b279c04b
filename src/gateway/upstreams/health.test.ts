import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Health } from './health.ts'

const refused = 'gateway.upstream-unreachable'
const closed = 'gateway.upstream-closed'

test('one refused connection ejects, broken answers only three in a row', () => {
  const refusing = new Health()
  assert.equal(refusing.failed(0, 0, refused), true)
  assert.equal(refusing.state(0), 'ejected')
  const breaking = new Health()
  assert.equal(breaking.failed(0, 0, closed), false)
  assert.equal(breaking.failed(0, 0, closed), false)
  breaking.succeeded(0, 0)
  assert.equal(breaking.sound, true)
  for (const last of [false, false, true]) assert.equal(breaking.failed(0, 0, closed), last)
  assert.equal(breaking.isReady(0, true), false)
  assert.equal(breaking.lastFault, closed)
})

test('whoever cannot be connected to rests at once, whatever stands in the way; what was answered badly is told apart', () => {
  for (const [code, atOnce] of [
    ['gateway.upstream-unreachable', true],
    ['gateway.upstream-connect-timeout', true],
    ['gateway.upstream-certificate', true],
    ['gateway.upstream-not-allowed', true],
    ['gateway.upstream-closed', false],
    ['gateway.upstream-garbage', false],
    ['gateway.upstream-headers-too-large', false],
    ['gateway.upstream-timeout', false],
  ] as const) {
    const health = new Health()
    assert.equal(health.failed(0, 0, code), atOnce, code)
    assert.equal(health.failed(0, 0, code), false, code)
    if (!atOnce) assert.equal(health.failed(0, 0, code), true, code)
  }
})

test('a rest ends in one trial, which only a request that may be repeated can be', () => {
  const health = new Health()
  health.failed(0, 0, refused)
  assert.equal(health.isReady(999, true), false)
  assert.equal(health.isReady(1_000, false), false)
  assert.equal(health.isReady(1_000, true), true)
  assert.equal(health.state(1_000), 'trying')
  health.begin()
  assert.equal(health.isReady(1_000, true), false)
  // the client of the trial left: nothing was learned, another may try
  health.left(health.era)
  assert.equal(health.isReady(1_000, true), true)
  health.begin()
  health.succeeded(1_010, health.era)
  assert.equal(health.state(1_010), 'up')
  assert.equal(health.isReady(1_010, false), true)
})

test('rests double up to a minute while trials fail, and are short again after as long a calm', () => {
  const health = new Health()
  let now = 0
  const rests: number[] = []
  for (let round = 0; round < 20; round += 1) {
    health.begin()
    health.failed(now, health.era, refused)
    rests.push(health.restsFor(now))
    now += health.restsFor(now)
  }
  assert.deepEqual(rests.slice(0, 8), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  assert.ok(rests.every((ms) => ms <= 60_000))
  health.begin()
  health.succeeded(now, health.era)
  assert.equal(health.sound, false)
  // soon after: as long a rest again
  health.failed(now + 1, health.era, refused)
  assert.equal(health.restsFor(now + 1), 60_000)
  now += 60_001
  health.begin()
  health.succeeded(now, health.era)
  health.succeeded(now + 60_000, health.era)
  assert.equal(health.sound, true)
  health.failed(now + 60_001, health.era, refused)
  assert.equal(health.restsFor(now + 60_001), 1_000)
})

test('requests that die together count once: what began before an ejection says nothing about the time after it', () => {
  const health = new Health()
  const era = health.era
  health.failed(0, era, refused)
  for (let more = 0; more < 99; more += 1) assert.equal(health.failed(0, era, refused), false)
  assert.equal(health.restsFor(0), 1_000)
  health.succeeded(0, era)
  assert.equal(health.state(0), 'ejected')
})

test("what is the request's own fault is nobody else's", () => {
  const health = new Health()
  for (let more = 0; more < 10; more += 1) {
    assert.equal(health.failed(0, 0, 'gateway.request-malformed'), false)
    assert.equal(health.failed(0, 0, 'gateway.too-many-sockets'), false)
  }
  assert.equal(health.sound, true)
})

test('health checks: the first verdict at once, later ones after two in a row; a passed one ends a rest for want of a listener', () => {
  const health = new Health()
  assert.equal(health.checked(0, false, true), true)
  assert.equal(health.state(0), 'down')
  assert.equal(health.isReady(0, true), false)
  assert.equal(health.checked(0, true, false), false)
  assert.equal(health.checked(0, false, false), false)
  assert.equal(health.checked(0, true, false), false)
  assert.equal(health.checked(0, true, false), true)
  assert.equal(health.sound, true)
  health.failed(0, health.era, refused)
  health.checked(1, true, false)
  assert.equal(health.state(1), 'up')
  for (let more = 0; more < 3; more += 1) health.failed(10_000, health.era, closed)
  health.checked(10_001, true, false)
  assert.equal(health.state(10_001), 'ejected')
})

test('answers that begin and break off eject after three in a row, whatever their heads said', () => {
  const health = new Health()
  const cut = (now: number): boolean => {
    health.succeeded(now, health.era)
    return health.brokeOff(now, health.era, closed)
  }
  assert.deepEqual([cut(0), cut(0)], [false, false])
  assert.equal(health.sound, false)
  health.whole(health.era)
  assert.equal(health.sound, true)
  assert.deepEqual([cut(0), cut(0), cut(0)], [false, false, true])
  assert.equal(health.lastFault, closed)
  assert.equal(health.isReady(0, true), false)
  // those that died with them say nothing about the time after
  for (let more = 0; more < 3; more += 1) assert.equal(health.brokeOff(0, health.era - 1, closed), false)
  assert.equal(health.restsFor(0), 1_000)
})
