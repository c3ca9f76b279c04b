import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OngoingFaults } from './ongoing-faults.ts'
import { fakeClock } from './testing.ts'

test('what goes on failing is said when it begins, when it changes, once a minute, and when it begins again', () => {
  const clock = fakeClock()
  const faults = new OngoingFaults(clock)
  const refused = new Error('connection refused')
  assert.ok(faults.isNews('reading', refused))
  assert.ok(!faults.isNews('reading', refused))
  assert.ok(faults.isNews('writing', refused))
  assert.ok(faults.isNews('reading', new Error('too many connections')))
  clock.advance(59_999)
  assert.ok(!faults.isNews('reading', new Error('too many connections')))
  clock.advance(1)
  assert.ok(faults.isNews('reading', new Error('too many connections')))
  assert.ok(faults.ended('reading'))
  assert.ok(!faults.ended('reading'))
  assert.ok(faults.isNews('reading', refused))
})

test('what is tried less often than once a minute is said as often as it is tried again', () => {
  const clock = fakeClock()
  const faults = new OngoingFaults(clock)
  const everyMs = 3_600_000
  assert.ok(faults.isNews('hourly', 'refused', everyMs))
  clock.advance(60_000)
  assert.ok(!faults.isNews('hourly', 'refused', everyMs))
  clock.advance(everyMs)
  assert.ok(faults.isNews('hourly', 'refused', everyMs))
})
