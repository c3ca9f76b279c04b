import type { Clock } from './clock.ts'
import { GateError } from './errors.ts'

/** How often what goes on failing the same way is said. */
const saidEveryMs = 60_000

/**
 * What fails again and again, every second perhaps and on a full disk: said when it begins, when it fails another way, and
 * once a minute.
 */
export class OngoingFaults {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** By what fails: how, and when that was last said. */
  readonly #failing = new Map<string, { readonly how: string; readonly saidAt: number }>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /**
   * Whether this failure is to be said.
   *
   * @param everyMs between two attempts, where that is longer than a minute
   */
  isNews(what: string, error: unknown, everyMs = 0): boolean {
    const how = error instanceof GateError ? error.code : String(error)
    const now = this.#clock.monotonic()
    const before = this.#failing.get(what)
    if (before?.how === how && now - before.saidAt < Math.max(everyMs, saidEveryMs)) return false
    this.#failing.set(what, { how, saidAt: now })
    return true
  }

  /** It works. Answers whether it failed before. */
  ended(what: string): boolean {
    return this.#failing.delete(what)
  }
}
