import type { Actor } from '#kit'
import { hasGone, writeHead } from '../proxy/exchange.ts'
import type { Refusals } from '../refusals.ts'
import type { Visit } from '../visit.ts'
import type { Cors, Preflight } from './cors.ts'
import { type RateRule, rateHeaders, wholeSeconds } from './rate-rule.ts'
import type { Rates } from './rates.ts'
import { type Sizes, sizeFault } from './sizes.ts'

/** What the gate asks about a visit besides who it is: whose page sent it, how large it is, how often it comes. */
export class Defence {
  readonly #rates: Rates
  readonly #refusals: Refusals

  constructor(rates: Rates, refusals: Refusals) {
    this.#rates = rates
    this.#refusals = refusals
  }

  /** Answers a browser's question by the route's list. Nobody is asked who they are: browsers send no credentials with it. */
  answerPreflight(visit: Visit, { origin }: Preflight): void {
    const headers = visit.live.responseRules.cors?.preflight(origin)
    if (headers === undefined) {
      this.#refusals.turnAway(visit, 'gateway.origin-not-allowed')
    } else if (!hasGone(visit.response)) {
      writeHead(visit.response, 204, headers)
      visit.response.end()
    }
  }

  /** False when it was refused for its size. */
  isOfSize(visit: Visit, sizes: Sizes): boolean {
    const fault = sizeFault(visit.request, sizes)
    if (fault !== undefined) this.#refusals.turnAway(visit, fault)
    return fault === undefined
  }

  /** Takes one request from the caller's bucket; false when it was refused because there was none. */
  isInTime(visit: Visit, rule: RateRule, actor: Actor | undefined): boolean {
    const taken = this.#rates.take(rule, actor, visit.address)
    const headers = rateHeaders(rule, taken)
    visit.also = headers
    if (!taken.allowed) {
      const fields = { seconds: wholeSeconds(taken.nextMs) }
      this.#refusals.turnAway(visit, 'gateway.rate-limited', { extraHeaders: headers, fields })
    }
    return taken.allowed
  }

  /** What the answer to this visit gets besides, on a route with an allow-list. */
  alsoOf({ request, also }: Visit, cors: Cors): readonly string[] {
    const { origin } = request.headers
    const answer = cors.answer(origin)
    return also === undefined ? answer : [...answer, ...also]
  }
}
