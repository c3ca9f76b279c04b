import { randomBytes } from 'node:crypto'

/** Where time and randomness come from. Tests bring their own; nothing else calls `Date.now` or `Math.random`. */
export interface Clock {
  /** Milliseconds since the epoch; may jump with the system clock. */
  now(): number
  /** Milliseconds that only go forward, from an arbitrary start; for measuring and for cache age. */
  monotonic(): number
}

export interface Random {
  /** Cryptographically secure bytes. */
  bytes(length: number): Uint8Array
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

export const systemRandom: Random = { bytes: (length) => randomBytes(length) }
