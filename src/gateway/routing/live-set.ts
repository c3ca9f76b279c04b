import type { Authenticators } from '../entry/authenticators.ts'
import { type Finding, findingsOfRoute, lowered, type PlacedRoute, placed } from './findings.ts'
import type { LiveRoute } from './live-routes.ts'
import { PlaceTree } from './place-tree.ts'
import { RouteTable } from './route-table.ts'
import type { GatewayRoute } from './table.ts'

interface HostPlaces {
  readonly tree: PlaceTree<PlacedRoute>
  readonly byId: Map<string, PlacedRoute>
}

/**
 * The routes that are live, changed one by one. A change is made at once and whole, and a request finds its route in one
 * step, so it meets the routes before a change or those after it; what it found it keeps, whatever changes meanwhile.
 */
export class LiveSet implements Iterable<LiveRoute> {
  readonly table = new RouteTable<LiveRoute>([], ({ route }) => route)
  readonly #authenticators: Pick<Authenticators, 'readCertificates'>
  readonly #byId = new Map<string, LiveRoute>()
  /** Those that let nobody in: each is tried again with the next change of any. */
  readonly #closed = new Map<string, LiveRoute>()
  /** How many routes of a host ask for a client certificate. */
  readonly #asking = new Map<string, number>()
  /** By host, gathered when somebody first asks what is odd about one of its routes, and kept from then on. */
  readonly #places = new Map<string, HostPlaces>()

  constructor(authenticators: Pick<Authenticators, 'readCertificates'>) {
    this.#authenticators = authenticators
  }

  [Symbol.iterator](): Iterator<LiveRoute> {
    return this.#byId.values()
  }

  /** By the route's id. */
  find(id: string): LiveRoute | undefined {
    return this.#byId.get(id)
  }

  get closed(): Iterable<LiveRoute> {
    return this.#closed.values()
  }

  /** Whether the TLS handshake of a host asks for a client certificate. */
  asks(host: string): boolean {
    return this.#asking.has(host)
  }

  /** Puts it in the place of the one with its id, which is given back. */
  put(live: LiveRoute): LiveRoute | undefined {
    const { route } = live
    const before = this.remove(route.id)
    this.#byId.set(route.id, live)
    this.table.add(live)
    if (live.closed !== undefined) this.#closed.set(route.id, live)
    if (this.#isAsking(live)) this.#asking.set(route.host, (this.#asking.get(route.host) ?? 0) + 1)
    const places = this.#places.get(route.host)
    if (places !== undefined) plant(places, route)
    return before
  }

  /** Gives back what was there. */
  remove(id: string): LiveRoute | undefined {
    const before = this.#byId.get(id)
    if (before === undefined) return undefined
    const { host } = before.route
    this.#byId.delete(id)
    this.table.remove(before)
    this.#closed.delete(id)
    if (this.#isAsking(before)) {
      const left = (this.#asking.get(host) ?? 1) - 1
      if (left === 0) this.#asking.delete(host)
      else this.#asking.set(host, left)
    }
    const places = this.#places.get(host)
    const place = places?.byId.get(id)
    if (place !== undefined) {
      places?.tree.remove(place)
      places?.byId.delete(id)
    }
    if (!this.table.hasHost(host)) this.#places.delete(host)
    return before
  }

  /** What is odd about a route beside the others of its host; nothing about one that is not live. */
  findingsOf({ id, host }: Pick<GatewayRoute, 'id' | 'host'>): readonly Finding[] {
    const places = this.#placesOf(host)
    const place = places.byId.get(id)
    return place === undefined ? [] : findingsOfRoute(places.tree, place)
  }

  #isAsking({ route }: LiveRoute): boolean {
    return this.#authenticators.readCertificates(route.authenticators)
  }

  #placesOf(host: string): HostPlaces {
    const known = this.#places.get(host)
    if (known !== undefined) return known
    const made: HostPlaces = { tree: new PlaceTree([]), byId: new Map() }
    for (const { route } of this.table.routesOf(host)) plant(made, route)
    if (made.byId.size > 0) this.#places.set(host, made)
    return made
  }
}

function plant({ tree, byId }: HostPlaces, route: GatewayRoute): void {
  const place = lowered(placed(route))
  byId.set(route.id, place)
  tree.add(place)
}
