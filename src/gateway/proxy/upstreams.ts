import type { Clock } from '#platform'
import type { GatewayRoute } from '../routing/table.ts'
import { Balance, type BalanceNotes } from '../upstreams/balance.ts'
import { type DestinationParts, type Opened, openDestination, type Reach } from '../upstreams/destination.ts'
import { Health } from '../upstreams/health.ts'
import { type Checked, Prober, type Schedule } from '../upstreams/prober.ts'
import { parseUpstream, type UpstreamTarget } from '../upstreams/target.ts'

const maxConnections = 256
/** Beyond it a request waits for nothing good: the upstream has not answered the ones before. */
export const maxInFlight = 1_024
/** Who was let in while a route led there may still be on the way: past a question to the database, or to another member. */
const leaveMs = 10_000

/** One address of an app with what it carries and what is known of it; routes that reach it alike share it. */
export interface Upstream extends Opened {
  /** As the route names it. */
  readonly text: string
  readonly health: Health
  /** Set where the route wants health checks. */
  readonly prober: Prober | undefined
  /** Requests sent there and not yet answered. */
  inFlight: number
  /** WebSockets open there. */
  sockets: number
}

export interface UpstreamParts extends DestinationParts {
  readonly clock: Clock
  readonly schedule: Schedule
  readonly notes: BalanceNotes & { turned(upstream: string, checked: Checked): void }
}

interface Hold {
  readonly key: string
  routes: number
}

/** What of a route says where it leads and how. */
export type Reached = Pick<GatewayRoute, 'host' | 'upstreams' | 'presentCertificate' | 'timeouts' | 'balance'>

/** Upstreams by address and the way they are reached, made at first use and kept while a route needs them. */
export class Upstreams {
  readonly #known = new Map<string, Upstream>()
  /** Of each that is known its key, and how often routes name it. */
  readonly #holds = new Map<Upstream, Hold>()
  /** Made, and no route's so far. */
  readonly #unclaimed = new Set<Upstream>()
  /** Those nobody is led to any more, until they are closed, each with what calls that off. */
  readonly #leaving = new Map<Upstream, () => void>()
  readonly #parts: UpstreamParts

  constructor(parts: UpstreamParts) {
    this.#parts = parts
  }

  balanceOf(route: Reached): Balance {
    const members = route.upstreams.map((text) => this.#get(text, route))
    return new Balance(members, route.balance.retries, this.#parts.clock, this.#parts.notes)
  }

  /** Those that routes lead to now. */
  get all(): Iterable<Upstream> {
    return this.#known.values()
  }

  /** Lets go of what nobody routes to any more; requests that are in flight, or let in and on the way, finish. */
  retain(used: readonly Balance[]): void {
    for (const hold of this.#holds.values()) hold.routes = 0
    this.#claim(used)
    this.#letGo(this.#known.values())
  }

  /** The same, where only these began and ceased to be routed to. */
  turnOver(came: readonly Balance[], gone: readonly Balance[]): void {
    this.#claim(came)
    for (const upstream of gone.flatMap(({ members }) => members)) {
      const hold = this.#holds.get(upstream)
      if (hold !== undefined) hold.routes -= 1
    }
    this.#letGo(new Set([...this.#unclaimed, ...gone.flatMap(({ members }) => members)]))
  }

  async close(): Promise<void> {
    for (const callOff of this.#leaving.values()) callOff()
    const all = [...this.#known.values(), ...this.#leaving.keys()]
    this.#known.clear()
    this.#holds.clear()
    this.#unclaimed.clear()
    this.#leaving.clear()
    await Promise.all(
      all.map(async ({ prober, destination }) => {
        await prober?.stop()
        await destination.destroy()
      }),
    )
  }

  #claim(used: readonly Balance[]): void {
    for (const upstream of used.flatMap(({ members }) => members)) {
      const hold = this.#holds.get(upstream)
      if (hold === undefined) throw new TypeError('a route leads to an upstream that was let go')
      hold.routes += 1
      this.#unclaimed.delete(upstream)
    }
  }

  /** Those of them that no route names. */
  #letGo(candidates: Iterable<Upstream>): void {
    for (const upstream of candidates) {
      const hold = this.#holds.get(upstream)
      if (hold === undefined || hold.routes > 0) continue
      this.#known.delete(hold.key)
      this.#holds.delete(upstream)
      this.#unclaimed.delete(upstream)
      this.#leave(upstream)
    }
  }

  #leave(upstream: Upstream): void {
    const { prober, destination } = upstream
    prober?.stop().catch(() => undefined)
    const close = (): void => {
      destination
        .close()
        .catch(() => undefined)
        .finally(() => this.#leaving.delete(upstream))
    }
    this.#leaving.set(upstream, this.#parts.schedule(leaveMs, close))
  }

  #get(text: string, route: Reached): Upstream {
    const { presentCertificate, balance, timeouts } = route
    // nobody else's requests may travel on connections that prove who we are, or that trust another authority
    const key = JSON.stringify([
      text,
      timeouts.connectMs,
      balance.idleMs,
      presentCertificate,
      balance.ca,
      balance.health === null ? null : [route.host, balance.health],
    ])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = this.#open(text, route)
    this.#known.set(key, made)
    this.#holds.set(made, { key, routes: 0 })
    this.#unclaimed.add(made)
    return made
  }

  #open(text: string, route: Reached): Upstream {
    const target = parseUpstream(text)
    if (target === undefined) throw new TypeError(`a route leads to ${text}, which is no upstream`)
    const reach: Reach = {
      connectMs: route.timeouts.connectMs,
      idleMs: route.balance.idleMs,
      presentCertificate: route.presentCertificate,
      ca: route.balance.ca ?? undefined,
      connections: maxConnections,
    }
    const health = new Health()
    return {
      ...openDestination(this.#parts, target, reach),
      text,
      health,
      prober: this.#probe(target, text, route, reach, health),
      inFlight: 0,
      sockets: 0,
    }
  }

  #probe(target: UpstreamTarget, text: string, route: Reached, reach: Reach, health: Health): Prober | undefined {
    const check = route.balance.health
    if (check === null || target.kind === 'none') return undefined
    const { clock, schedule, notes } = this.#parts
    return new Prober({
      opened: openDestination(this.#parts, target, { ...reach, connections: 1 }),
      host: route.host,
      check,
      health,
      clock,
      schedule,
      turned: (checked) => notes.turned(text, checked),
    })
  }
}
