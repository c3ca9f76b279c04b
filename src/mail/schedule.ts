/** After so many attempts a mail is given up: with the pauses below, seven and a half hours after the first. */
export const mostAttempts = 12
const shortestPause = 10_000
const longestPause = 3_600_000

/** When to try again, in milliseconds from now: four times longer each time, from ten seconds to an hour. */
export function pauseAfter(attempts: number): number {
  return Math.min(longestPause, shortestPause * 4 ** (attempts - 1))
}
