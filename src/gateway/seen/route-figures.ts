import { Latencies } from './latencies.ts'
import { Rate } from './rate.ts'

/** How an answer ended: `gone`: the client left before it; `cut`: it was broken off; `failed`: the app gave none. */
export const endings = ['gone', '1xx', '2xx', '3xx', '4xx', '5xx', 'cut', 'failed'] as const
export type Ending = (typeof endings)[number]
const cutPlace = endings.indexOf('cut')
const failedPlace = endings.indexOf('failed')

/** Different reasons told apart; what comes after counts as `other`. Reasons are ours, so there are few. */
const mostReasons = 64

/** What was seen of one route on this node since it started. Recording costs no memory that grows. */
export class RouteFigures {
  /** The route's, which never changes. */
  readonly name: string
  readonly latencies = new Latencies()
  readonly #answers = new Uint32Array(endings.length)
  readonly #refusals = new Map<string, number>()
  readonly #passing: Rate
  readonly #refusing: Rate

  constructor(name: string, now: number) {
    this.name = name
    this.#passing = new Rate(now)
    this.#refusing = new Rate(now)
  }

  /**
   * @param status 0 when nothing was answered: with `cut`, since the client had gone; without, since the app gave no answer
   * @param now by the monotonic clock, milliseconds
   */
  passed(status: number, cut: boolean, begun: number, now: number): void {
    const place = placeOf(status, cut)
    this.#answers[place] = (this.#answers[place] ?? 0) + 1
    this.#passing.add(now)
    // how long somebody stayed on a WebSocket or left early is no latency
    if (status >= 200) this.latencies.add(now - begun)
  }

  refused(reason: string, now: number): void {
    const key = this.#refusals.has(reason) || this.#refusals.size < mostReasons ? reason : 'other'
    this.#refusals.set(key, (this.#refusals.get(key) ?? 0) + 1)
    this.#refusing.add(now)
  }

  answers(): readonly { readonly ending: Ending; readonly count: number }[] {
    return endings.map((ending, place) => ({ ending, count: this.#answers[place] ?? 0 }))
  }

  /** Everything that passed, however it ended. */
  get total(): number {
    return this.#answers.reduce((sum, count) => sum + count, 0)
  }

  /** Most frequent first. */
  refusals(): readonly { readonly reason: string; readonly count: number }[] {
    return [...this.#refusals]
      .map(([reason, count]) => ({ reason, count }))
      .toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))
  }

  /** Passed and refused in the last whole seconds. */
  inLast(seconds: number, now: number): { readonly passed: number; readonly refused: number } {
    return { passed: this.#passing.inLast(seconds, now), refused: this.#refusing.inLast(seconds, now) }
  }
}

function placeOf(status: number, cut: boolean): number {
  if (status === 0) return cut ? 0 : failedPlace
  return cut ? cutPlace : Math.min(Math.floor(status / 100), cutPlace - 1)
}
