/** How attempts against one thing are slowed. Times in milliseconds. */
export interface ThrottleRule {
  /** Attempts before the first delay. */
  readonly free: number
  /** Delay after the first attempt beyond them; doubles with each further one. */
  readonly first: number
  readonly longest: number
  /** One attempt is forgotten after each such span. */
  readonly forget: number
}

/** What is kept of one thing. */
export interface ThrottleState {
  readonly attempts: number
  /** No attempt before this instant. */
  readonly until: number
  /** Up to when forgetting has been accounted for. */
  readonly settledAt: number
}

const second = 1_000
const minute = 60 * second

/**
 * - `pair`: one handle from one network. - `network`: any handles from one network. - `account`: one handle from everywhere,
 * not applied where that handle has signed in before. - `device`: one handle from a browser that has signed in as it.
 */
export const throttleRules = {
  pair: { free: 5, first: second, longest: 15 * minute, forget: 30 * minute },
  network: { free: 30, first: second, longest: 15 * minute, forget: 2 * minute },
  account: { free: 20, first: second, longest: 15 * minute, forget: 30 * minute },
  device: { free: 5, first: second, longest: 15 * minute, forget: 30 * minute },
} as const satisfies Readonly<Record<string, ThrottleRule>>

export type ThrottleScope = keyof typeof throttleRules

/** The state after one more attempt at `now`, counted before its outcome is known. */
export function countAttempt(state: ThrottleState | undefined, rule: ThrottleRule, now: number): ThrottleState {
  const settled = settle(state, rule, now)
  const attempts = settled.attempts + 1
  return { ...settled, attempts, until: Math.max(settled.until, now + delayAfter(attempts, rule)) }
}

/** The state after an attempt turned out to be right: as if it had not been made, other people's delay kept. */
export function takeBackAttempt(state: ThrottleState, rule: ThrottleRule): ThrottleState {
  const attempts = Math.max(0, state.attempts - 1)
  return { ...state, attempts, until: attempts < rule.free ? 0 : state.until }
}

/** When the state means nothing any more and may be forgotten. */
export function forgottenAt(state: ThrottleState, rule: ThrottleRule): number {
  return Math.max(state.until, state.settledAt + state.attempts * rule.forget)
}

function settle(state: ThrottleState | undefined, rule: ThrottleRule, now: number): ThrottleState {
  if (state === undefined) return { attempts: 0, until: 0, settledAt: now }
  const spans = Math.max(0, Math.floor((now - state.settledAt) / rule.forget))
  const attempts = Math.max(0, state.attempts - spans)
  const settledAt = attempts === 0 ? now : state.settledAt + spans * rule.forget
  return { attempts, until: state.until, settledAt }
}

function delayAfter(attempts: number, rule: ThrottleRule): number {
  const beyond = attempts - rule.free
  return beyond < 0 ? 0 : Math.min(rule.longest, rule.first * 2 ** Math.min(beyond, 30))
}
