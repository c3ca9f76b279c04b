import { type Actor, addressNetwork } from '#kit'
import type { Clock, Ctx, Database, Log, Threads } from '#platform'
import { Buckets } from './buckets.ts'
import type { RateRule, Taken } from './rate-rule.ts'
import { forgetFull } from './rate-store.ts'
import { SharedRates } from './shared-rates.ts'

export interface RatesDeps {
  readonly database: Pick<Database, 'tx' | 'dialect'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Pick<Log, 'warn'>
  readonly threads: Pick<Threads, 'others'>
}

/** Addresses whose network is remembered: working it out costs more than the rest of the limit. */
const mostNetworks = 10_000

/** Asks a route's limit for one request. */
export class Rates {
  readonly #clock: RatesDeps['clock']
  readonly #buckets: Buckets
  readonly #networks = new Map<string, string>()
  /** Absent where there is one node only, of one thread. */
  readonly shared: SharedRates | undefined

  constructor(deps: RatesDeps) {
    const shared = deps.database.dialect === 'postgres' || deps.threads.others > 0
    this.#clock = deps.clock
    this.#buckets = new Buckets({ shared })
    this.shared = shared ? new SharedRates(deps, this.#buckets) : undefined
  }

  /** How many addresses' networks are remembered: ten thousand at most. */
  get remembered(): number {
    return this.#networks.size
  }

  /** @param actor `undefined` for strangers, who are counted by address as everybody is where the rule says so */
  take(rule: RateRule, actor: Actor | undefined, address: string | undefined): Taken {
    const who = actor === undefined || rule.by === 'address' ? this.#networkOf(address) : actor.principal.id
    return this.#buckets.take(rule, who, this.#clock.monotonic())
  }

  /** Forgets what says nothing any more. */
  async forget(ctx: Ctx): Promise<void> {
    if (this.shared !== undefined) await ctx.tx((inner) => forgetFull(inner.db))
  }

  #networkOf(address: string | undefined): string {
    // without an address that can be told all are one
    if (address === undefined) return '-'
    const known = this.#networks.get(address)
    if (known !== undefined) return known
    const network = addressNetwork(address)
    if (this.#networks.size >= mostNetworks) this.#networks.clear()
    this.#networks.set(address, network)
    return network
  }
}
