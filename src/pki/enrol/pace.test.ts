import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renewalPace } from './pace.ts'

test('attack: a client that renews without end has sixty certificates an hour; others are not held up', () => {
  const pace = renewalPace()
  const granted = Array.from({ length: 200 }, (_, index) => pace.take('device dev_1', index)).filter(
    (wait) => wait === 0,
  )
  assert.equal(granted.length, 60)
  assert.equal(pace.take('device dev_1', 200), 3_600_000 - 200)
  assert.equal(pace.take('device dev_2', 200), 0)
  assert.equal(pace.take('device dev_1', 3_600_000), 0)
})
