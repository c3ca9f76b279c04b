import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  countAttempt,
  forgottenAt,
  type ThrottleRule,
  type ThrottleState,
  takeBackAttempt,
  throttleRules,
} from './throttle-rule.ts'

const rule = throttleRules.pair
const start = Date.UTC(2026, 0, 1)

function after(attempts: number): ThrottleState {
  return of(rule, attempts)
}

function of(rule: ThrottleRule, attempts: number): ThrottleState {
  let state: ThrottleState | undefined
  for (let i = 0; i < attempts; i += 1) state = countAttempt(state, rule, start)
  assert.ok(state)
  return state
}

describe('throttle rule', () => {
  test('the free attempts cost nothing, then the delay doubles up to its longest', () => {
    assert.ok(after(rule.free - 1).until <= start)
    assert.equal(after(rule.free).until, start + 1_000)
    assert.equal(after(rule.free + 3).until, start + 8_000)
    assert.equal(after(rule.free + 40).until, start + rule.longest)
  })

  test('each counter is as free, as slow and as forgetful as the README says', () => {
    const minute = 60_000
    const figures = Object.entries(throttleRules).map(([scope, rule]) => {
      const first = Array.from({ length: 100 }, (_, made) => made + 1).find((made) => of(rule, made).until > start)
      return [scope, first, of(rule, first ?? 0).until - start, of(rule, 100).until - start, rule.forget]
    })
    assert.deepEqual(figures, [
      ['pair', 5, 1_000, 15 * minute, 30 * minute],
      ['network', 30, 1_000, 15 * minute, 2 * minute],
      ['account', 20, 1_000, 15 * minute, 30 * minute],
      ['device', 5, 1_000, 15 * minute, 30 * minute],
    ])
  })

  test('attempts are forgotten one by one, and small steps of time forget as much as one large', () => {
    const later = countAttempt(after(6), rule, start + 2 * rule.forget)
    assert.equal(later.attempts, 5)
    let state = after(6)
    for (let i = 1; i <= 20; i += 1) state = countAttempt(state, rule, start + (i * rule.forget) / 2)
    assert.equal(state.attempts, 6 + 20 - 10)
  })

  test('a clock that goes back forgets nothing and delays nobody longer', () => {
    const state = countAttempt(after(4), rule, start - 3_600_000)
    assert.equal(state.attempts, 5)
    assert.ok(state.until <= start + rule.longest)
  })

  test('taking back one attempt never lifts the delay others caused', () => {
    assert.equal(takeBackAttempt(after(rule.free), rule).until, 0)
    const busy = after(rule.free + 5)
    assert.equal(takeBackAttempt(busy, rule).until, busy.until)
  })

  test('a state may be forgotten only when it means nothing', () => {
    const state = after(7)
    const gone = forgottenAt(state, rule)
    assert.ok(gone >= state.until)
    assert.equal(countAttempt(state, rule, gone).attempts, 1)
  })
})
