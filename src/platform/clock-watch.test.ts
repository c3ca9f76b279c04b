import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchClock } from './clock-watch.ts'
import { fakeClock } from './testing/clock.ts'
import { memoryLog } from './testing/log.ts'

test('a clock that is set is told once, with by how much; time that passes is not, nor is what NTP slews', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const clock = fakeClock()
  const log = memoryLog()
  const told = () => log.entries.map(({ level, fields }) => [level, fields['byMs']])
  const stop = watchClock(clock, log)
  clock.advance(1_000)
  t.mock.timers.tick(1_000)
  // the machine was busy for a minute
  clock.advance(60_000)
  t.mock.timers.tick(1_000)
  clock.set(clock.now() + 500)
  t.mock.timers.tick(1_000)
  assert.deepEqual(told(), [])
  clock.set(clock.now() + 86_400_000)
  t.mock.timers.tick(2_000)
  clock.set(clock.now() - 3_600_000)
  t.mock.timers.tick(2_000)
  assert.deepEqual(told(), [
    ['warn', 86_400_000],
    ['warn', -3_600_000],
  ])
  stop()
  clock.set(0)
  t.mock.timers.tick(2_000)
  assert.equal(told().length, 2)
})
