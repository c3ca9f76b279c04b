import type { Resource } from '#kit'
import type { Clock, Database, Db } from '#platform'
import type { PreparedIdentities } from '../assertion/identities.ts'
import type { SigningKey } from '../assertion/keys.ts'
import type { RateRule } from '../defence/rate-rule.ts'
import type { ResponseRules } from '../defence/response-rules.ts'
import type { Sizes } from '../defence/sizes.ts'
import type { Entry } from '../entry/authenticators.ts'
import type { Barrier } from '../entry/barriers.ts'
import type { RequestRules } from '../request/request-rules.ts'
import type { Balance } from '../upstreams/balance.ts'
import type { LiveSet } from './live-set.ts'
import type { GatewayRoute } from './table.ts'

/** A route with all that does not change from request to request. */
export interface LiveRoute {
  readonly route: GatewayRoute
  readonly permission: string
  readonly resource: Resource
  /** What the access journal says was used; one object, by which its counter knows the row again. */
  readonly used: { readonly type: string; readonly id: string; readonly name: string }
  /** `https://blog.example.org`, with the port where it is not 443. */
  readonly origin: string
  /** Header names and values every request to the upstream starts with. */
  readonly fixed: readonly string[]
  /** What the app is told. */
  readonly told: RequestRules
  /** Why nobody comes in at all, for what the route's rule stands on is not there; `undefined`: no such reason. */
  readonly closed: Barrier | undefined
  /** Who comes in: its authenticators, ready to be asked. */
  readonly entry: Entry
  /** Other origins whose pages may change something with a visitor's session or certificate. */
  readonly crossOrigins: ReadonlySet<string>
  readonly balance: Balance
  readonly responseRules: ResponseRules
  /** How large requests may be; `undefined`: as large as anybody likes. */
  readonly sizes: Sizes | undefined
  /** How often it may be used; `undefined`: always. */
  readonly rate: RateRule | undefined
  readonly prepared: PreparedIdentities
}

/** What the hot path reads: the state of routes and keys that was last read. */
export interface Snapshot {
  readonly routes: LiveSet
  /** Up to where the routes' changes were read. */
  readonly mark: number
  /** Oldest first; never empty. */
  readonly keys: readonly SigningKey[]
}

/** How long a snapshot may serve while the database cannot be asked: what was verified goes on, nothing new begins. */
const graceMs = 300_000

/**
 * Routes in memory, valid as long as nobody touched `routes`. After a change one load runs, however many requests wait
 * for it; nobody who asks after a change gets the state before it.
 */
export class LiveRoutes {
  readonly #database: Pick<Database, 'db' | 'epoch'>
  readonly #clock: Clock
  readonly #load: (db: Db, before: Snapshot | undefined) => Promise<Snapshot>
  #snapshot: Snapshot | undefined
  #epoch = Number.NaN
  #loadedAt = 0
  /** Counts what was forgotten: a load that began before knows nothing of it. */
  #made = 0
  #running: { readonly epoch: number; readonly made: number; readonly snapshot: Promise<Snapshot> } | undefined
  #next: Promise<Snapshot> | undefined

  constructor(
    database: Pick<Database, 'db' | 'epoch'>,
    clock: Clock,
    load: (db: Db, before: Snapshot | undefined) => Promise<Snapshot>,
  ) {
    this.#database = database
    this.#clock = clock
    this.#load = load
  }

  /** A plain value while current; rejects when the database is away for longer than the grace. */
  current(): Snapshot | Promise<Snapshot> {
    const epoch = this.#database.epoch('routes')
    if (this.#snapshot !== undefined && epoch === this.#epoch) return this.#snapshot
    const running = this.#running
    if (running === undefined) return this.#begin(epoch)
    if (running.epoch === epoch && running.made === this.#made) return running.snapshot
    // a load that began before the change may have missed it: one more follows, for all who ask meanwhile
    const again = () => {
      this.#next = undefined
      return this.current()
    }
    this.#next ??= running.snapshot.then(again, again)
    return this.#next
  }

  /** The current state, or while the database is away the last one, however old: for what lets nobody in. */
  latest(): Snapshot | Promise<Snapshot> {
    const current = this.current()
    if (!(current instanceof Promise)) return current
    return current.catch((error: unknown) => {
      if (this.#snapshot === undefined) throw error
      return this.#snapshot
    })
  }

  /** Asks the routes of `latest`: at once where nothing has to be read first, since every handshake asks. */
  askLatest<T>(ask: (routes: Snapshot['routes']) => T | Promise<T>): T | Promise<T> {
    const snapshot = this.latest()
    return snapshot instanceof Promise ? snapshot.then(({ routes }) => ask(routes)) : ask(snapshot.routes)
  }

  /** The last state seen, however old; for what decides nothing. */
  known(): Snapshot | undefined {
    return this.#snapshot
  }

  /** What it was made of beside the database has changed: everything is read and made again. */
  forget(): void {
    this.#snapshot = undefined
    this.#epoch = Number.NaN
    this.#made += 1
  }

  #begin(epoch: number): Promise<Snapshot> {
    const snapshot = this.#reload(epoch).finally(() => {
      this.#running = undefined
    })
    this.#running = { epoch, made: this.#made, snapshot }
    return snapshot
  }

  /** @param epoch read before the load: a change during it makes the next request load again */
  async #reload(epoch: number): Promise<Snapshot> {
    const made = this.#made
    try {
      const snapshot = await this.#load(this.#database.db, this.#snapshot)
      // whoever asked before gets it, and nobody after
      if (made !== this.#made) return snapshot
      this.#snapshot = snapshot
      this.#epoch = epoch
      this.#loadedAt = this.#clock.monotonic()
      return snapshot
    } catch (error) {
      if (this.#snapshot !== undefined && this.#clock.monotonic() - this.#loadedAt < graceMs) return this.#snapshot
      throw error
    }
  }
}
