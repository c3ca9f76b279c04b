/** After so many attempts a delivery is given up: with the pauses below, twenty hours after the first. */
export const mostAttempts = 10
const shortestPause = 5_000
/** No pause is longer, whatever a receiver asks for. */
export const longestPause = 6 * 3_600_000
/** An endpoint that only failed for so long is paused. */
export const patienceMs = 3 * 86_400_000

/**
 * When to try again, in milliseconds from now: four times longer each time, from five seconds to six hours, a fifth more or
 * less by chance so that many do not come back at once. A receiver's `Retry-After` can make it later, not earlier.
 *
 * @param attempts made so far, at least one
 * @param chance from 0 to 1
 */
export function pauseAfter(attempts: number, chance: number, retryAfterMs = 0): number {
  const pause = Math.min(longestPause, shortestPause * 4 ** (attempts - 1))
  return Math.min(longestPause, Math.max(Math.round(pause * (0.8 + 0.4 * chance)), retryAfterMs))
}

/** Milliseconds that a `Retry-After` asks for (RFC 9110 §10.2.3); `undefined` for none and for what is not one. */
export function retryAfterOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(header)) return undefined
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
