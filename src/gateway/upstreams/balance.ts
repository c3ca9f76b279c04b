import type { Clock } from '#platform'
import type { GatewayCode } from '../errors.ts'
import type { Upstream } from '../proxy/upstreams.ts'

/** Of its requests a route may repeat one in ten, after ten to begin with: a dead app is not hit twice as hard. */
const budgetAtFirst = 10
const budgetPerRequest = 0.1

/** Told of what an operator would want to know. */
export interface BalanceNotes {
  ejected(upstream: Upstream, code: GatewayCode): void
  /** A request that failed goes to another upstream. */
  movedOn(from: Upstream, to: Upstream, code: GatewayCode): void
}

/**
 * The upstreams of one route, and which of them gets the next request: the one that carries least, of equals each in
 * turn. Who rests or fails its health check is left out while another is there; when none is, the least bad is asked, so
 * that a route is never shut by its own caution. Choosing allocates nothing, and with one upstream there is none to make.
 */
export class Balance {
  readonly members: readonly Upstream[]
  /** The one there is; `undefined` of several. */
  readonly only: Upstream | undefined
  /** How often one request may move on to another upstream. */
  readonly retries: number
  readonly #first: Upstream
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #notes: BalanceNotes
  #turn = 0
  #budget = budgetAtFirst

  /** @throws TypeError without any upstream */
  constructor(members: readonly Upstream[], retries: number, clock: Pick<Clock, 'monotonic'>, notes: BalanceNotes) {
    const [first] = members
    if (first === undefined) throw new TypeError('a route without an upstream')
    this.members = members
    this.only = members.length === 1 ? first : undefined
    this.retries = this.only === undefined ? retries : 0
    this.#first = first
    this.#clock = clock
    this.#notes = notes
  }

  /** @param mayTry whether the request may be repeated, and so find out how a rested upstream is */
  choose(mayTry: boolean): Upstream {
    if (this.only !== undefined) return this.only
    if (this.#budget < budgetAtFirst) this.#budget += budgetPerRequest
    return this.#best(mayTry, undefined) ?? this.#leastBad()
  }

  /** Another one for a request that failed at `from`; `undefined` when none is well, or too much moved on already. */
  chooseAgain(from: Upstream, mayTry: boolean, code: GatewayCode): Upstream | undefined {
    if (this.only !== undefined || this.#budget < 1) return undefined
    const other = this.#best(mayTry, from)
    if (other === undefined) return undefined
    this.#budget -= 1
    this.#notes.movedOn(from, other, code)
    return other
  }

  /** @param era of the upstream's health when the request was sent */
  succeeded(upstream: Upstream, era: number): void {
    upstream.health.succeeded(this.#clock.monotonic(), era)
  }

  failed(upstream: Upstream, era: number, code: GatewayCode): void {
    this.#note(upstream, code, upstream.health.failed(this.#clock.monotonic(), era, code))
  }

  /** An answer that had begun was cut off by the upstream. */
  brokeOff(upstream: Upstream, era: number, code: GatewayCode): void {
    this.#note(upstream, code, upstream.health.brokeOff(this.#clock.monotonic(), era, code))
  }

  #note(upstream: Upstream, code: GatewayCode, ejected: boolean): void {
    // the only one is asked all the same
    if (ejected && this.only === undefined) this.#notes.ejected(upstream, code)
  }

  #best(mayTry: boolean, except: Upstream | undefined): Upstream | undefined {
    const { members } = this
    const count = members.length
    let best: Upstream | undefined
    let bestLoad = Number.POSITIVE_INFINITY
    let bestAt = 0
    let now = -1
    for (let step = 0; step < count; step += 1) {
      const at = (this.#turn + step) % count
      const member = members[at]
      if (member === undefined || member === except) continue
      const load = member.inFlight + member.sockets
      if (load >= bestLoad) continue
      if (!member.health.sound) {
        if (now < 0) now = this.#clock.monotonic()
        if (!member.health.isReady(now, mayTry)) continue
      }
      best = member
      bestLoad = load
      bestAt = at
    }
    if (best !== undefined) this.#turn = (bestAt + 1) % count
    return best
  }

  #leastBad(): Upstream {
    const { members } = this
    const count = members.length
    let least = this.#first
    let leastAt = 0
    for (let step = 0; step < count; step += 1) {
      const at = (this.#turn + step) % count
      const member = members[at]
      if (member === undefined || (step > 0 && member.health.badness >= least.health.badness)) continue
      least = member
      leastAt = at
    }
    this.#turn = (leastAt + 1) % count
    return least
  }
}
