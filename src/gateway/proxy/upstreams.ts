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

/** What of a route says where it leads and how. */
export type Reached = Pick<GatewayRoute, 'host' | 'upstreams' | 'presentCertificate' | 'timeouts' | 'balance'>

/** Upstreams by address and the way they are reached, made at first use and kept while a route needs them. */
export class Upstreams {
  readonly #known = new Map<string, Upstream>()
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
    const kept = new Set(used.flatMap(({ members }) => members))
    for (const [key, upstream] of this.#known) {
      if (kept.has(upstream)) continue
      this.#known.delete(key)
      this.#leave(upstream)
    }
  }

  async close(): Promise<void> {
    for (const callOff of this.#leaving.values()) callOff()
    const all = [...this.#known.values(), ...this.#leaving.keys()]
    this.#known.clear()
    this.#leaving.clear()
    await Promise.all(
      all.map(async ({ prober, destination }) => {
        await prober?.stop()
        await destination.destroy()
      }),
    )
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
