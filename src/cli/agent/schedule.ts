/** When a certificate is renewed, and how long to wait after a failure. Milliseconds. */

const minute = 60_000
const hour = 60 * minute

export interface Lifetime {
  /** When it was fetched: certificates begin a little before that. */
  readonly from: number
  readonly until: number
}

/**
 * At two thirds of life, and up to a twelfth later: certificates made together are not renewed together.
 *
 * @param share in [0, 1), the same for a certificate whoever asks when
 */
export function renewalTime({ from, until }: Lifetime, share: number): number {
  const life = Math.max(0, until - from)
  return Math.floor(from + life * (2 / 3) + (life / 12) * share)
}

/**
 * A minute after the first failure, twice as long after each, an hour at most; for short lives in proportion, so that
 * there are some thirty attempts before the end. A fifth more or less by chance.
 *
 * @param failures in a row, at least one
 * @param chance in [0, 1)
 */
export function pauseAfter(failures: number, { from, until }: Lifetime, chance: number): number {
  const life = Math.max(0, until - from)
  const first = Math.max(1_000, Math.min(minute, life / 300))
  const longest = Math.max(first, Math.min(hour, life / 90))
  const pause = Math.min(longest, first * 2 ** Math.min(failures - 1, 20))
  return Math.round(pause * (0.8 + 0.4 * chance))
}
