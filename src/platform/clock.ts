import { randomBytes, randomFillSync } from 'node:crypto'

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

/** Ids, serial numbers and tokens are 10 to 32 bytes each, and asking the generator costs the same for a page of them. */
const page = new Uint8Array(4096)
let used = page.length

export const systemRandom: Random = {
  bytes: (length) => {
    if (length > 64) return randomBytes(length)
    if (used + length > page.length) {
      randomFillSync(page)
      used = 0
    }
    const bytes = page.slice(used, used + length)
    // what was handed out is nowhere else: some of it is secret
    page.fill(0, used, used + length)
    used += length
    return bytes
  },
}
