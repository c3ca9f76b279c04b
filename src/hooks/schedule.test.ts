import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longestPause, mostAttempts, pauseAfter, retryAfterOf } from './schedule.ts'

test('pauses grow from seconds to six hours, and the last attempt is within a day of the first', () => {
  const middle = Array.from({ length: mostAttempts - 1 }, (_, index) => pauseAfter(index + 1, 0.5))
  assert.deepEqual(middle.slice(0, 3), [5_000, 20_000, 80_000])
  assert.equal(middle.at(-1), longestPause)
  const total = middle.reduce((sum, pause) => sum + pause, 0)
  assert.ok(total > 18 * 3_600_000 && total < 24 * 3_600_000, String(total))
})

test('chance moves a pause by a fifth at most, and never beyond the longest', () => {
  assert.equal(pauseAfter(1, 0), 4_000)
  assert.equal(pauseAfter(1, 1), 6_000)
  assert.equal(pauseAfter(9, 1), longestPause)
})

test('Retry-After makes a pause longer, not shorter, and not longer than six hours', () => {
  assert.equal(pauseAfter(1, 0.5, 60_000), 60_000)
  assert.equal(pauseAfter(1, 0.5, 1), 5_000)
  assert.equal(pauseAfter(1, 0.5, 999_999_999_000), longestPause)
})

test('Retry-After is seconds or a date, and anything else is none', () => {
  const now = Date.UTC(2026, 10, 22, 1, 0, 0)
  assert.equal(retryAfterOf('120', now), 120_000)
  assert.equal(retryAfterOf('Sun, 22 Nov 2026 01:01:00 GMT', now), 60_000)
  assert.equal(retryAfterOf('Sun, 22 Nov 2020 01:01:00 GMT', now), 0)
  for (const text of [
    undefined,
    '',
    '-1',
    '1.5',
    'soon',
    '99999999999999',
    '2026-11-22',
    'Sun, 99 Nov 2026 01:01:00 GMT',
  ]) {
    assert.equal(retryAfterOf(text, now), undefined, text)
  }
})
