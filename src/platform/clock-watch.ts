import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

const lookEveryMs = 1_000
/** NTP slews by half a millisecond a second; what is more was set. */
const mostDriftMs = 1_000

/**
 * Says in the log that the system's clock was set, or that the machine slept: sessions, codes and certificates end by that
 * clock, so whoever asks why all of them ended at once finds the answer. Durations and limits go by the other clock.
 *
 * @returns ends the watch
 */
export function watchClock(clock: Clock, log: Log): () => void {
  let offset = clock.now() - clock.monotonic()
  const timer = setInterval(() => {
    const found = clock.now() - clock.monotonic()
    const byMs = Math.round(found - offset)
    offset = found
    if (Math.abs(byMs) > mostDriftMs) log.warn({ byMs }, 'the clock jumped; what ends by it is judged by the new time')
  }, lookEveryMs).unref()
  return () => clearInterval(timer)
}
