import type { Clock } from '../clock.ts'

/** A clock that stands still until told. */
export interface FakeClock extends Clock {
  /** Moves both readings forward by `ms`. */
  advance(ms: number): void
  /** Sets the system time alone, as an administrator or NTP would; `monotonic` does not jump. */
  set(now: number): void
}

/** @param start milliseconds since the epoch; 2026-01-01T00:00:00Z when absent */
export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start
  let monotonic = 1_000
  return {
    now: () => now,
    monotonic: () => monotonic,
    advance: (ms) => {
      now += ms
      monotonic += ms
    },
    set: (time) => {
      now = time
    },
  }
}
