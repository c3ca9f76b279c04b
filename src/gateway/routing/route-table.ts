import { loweredPlace, type Place } from './place.ts'
import { type Match, Reading, type Spot } from './reading.ts'
import { lenientPaths } from './target.ts'

const slash = 0x2f
// what lower case, dropping parameters or an early end would change
const respelled = /[A-Z;]|%(?:23|3[bBfF])/

/**
 * Routes by place. A path is looked up as it is written and as lenient upstreams would read it, and all must lead to one
 * route. A look-up walks the path's segments down the patterns: what it costs grows with the depth of the
 * patterns that fit, not with the number of routes; up to eight places of a host are looked through instead.
 *
 * Routes come and go one by one, each at once; a change costs what its pattern is deep.
 */
export class RouteTable<R> {
  readonly #hosts = new Map<string, HostRoutes<R>>()
  readonly #place: (route: R) => Place

  constructor(routes: readonly R[], place: (route: R) => Place) {
    this.#place = place
    for (const route of routes) this.add(route)
  }

  add(route: R): void {
    const place = this.#place(route)
    const host = this.#hosts.get(place.host) ?? new HostRoutes<R>()
    host.add(route, place)
    this.#hosts.set(place.host, host)
  }

  /** @param route one that was added */
  remove(route: R): void {
    const place = this.#place(route)
    const host = this.#hosts.get(place.host)
    if (host === undefined) throw new TypeError('a route that is not in the table')
    host.remove(route, place)
    if (host.routes.size === 0) this.#hosts.delete(place.host)
  }

  hasHost(host: string): boolean {
    return this.#hosts.has(host)
  }

  /** All of one host, in the order they came. */
  routesOf(host: string): Iterable<R> {
    return this.#hosts.get(host)?.routes.keys() ?? []
  }

  /** `host` is lower case without port; `path` passed `parseTarget`. */
  match(host: string, path: string, method: string): Match<R> {
    const routes = this.#hosts.get(host)
    if (routes === undefined) return 'none'
    if (routes.only !== undefined) return answerOf(routes.only, method)
    const { written, lenient, exacts } = routes
    const found = written.find(path)
    if (written === lenient && !respelled.test(path) && !(exacts > 0 && path.charCodeAt(path.length - 1) === slash)) {
      return found === undefined ? 'none' : answerOf(found, method)
    }
    let answer: Match<R> = found === undefined ? 'none' : answerOf(found, method)
    for (const reading of lenientPaths(path)) {
      const other = lenient.find(reading)
      answer = agreed(answer, other === undefined ? 'none' : answerOf(other, method))
    }
    return answer
  }
}

class HostRoutes<R> {
  /** Set when one prefix `/` is all there is: then every spelling of every path belongs to it. */
  only: Spot<R> | undefined
  readonly written = new Reading<R>()
  /** The same object as `written` where no pattern has an upper-case letter. */
  lenient: Reading<R> = this.written
  /** How many are exact. */
  exacts = 0
  /** Each with its answer, which both readings share. */
  readonly routes = new Map<R, { readonly place: Place; readonly answer: Match<R> }>()
  /** How many have an upper-case letter. */
  #capitals = 0

  add(route: R, place: Place): void {
    const answer: Match<R> = { kind: 'route', route }
    this.routes.set(route, { place, answer })
    if (place.exact) this.exacts += 1
    this.written.add({ route, place, answer })
    if (this.lenient !== this.written) this.lenient.add({ route, place: loweredPlace(place), answer })
    if (hasCapitals(place)) this.#capitals += 1
    this.#settle()
  }

  remove(route: R, place: Place): void {
    this.written.remove({ route, place })
    if (this.lenient !== this.written) this.lenient.remove({ route, place: loweredPlace(place) })
    this.routes.delete(route)
    if (place.exact) this.exacts -= 1
    if (hasCapitals(place)) this.#capitals -= 1
    this.#settle()
  }

  /** The second reading is made of all routes when the first capital comes: rare, and needed by nobody else. */
  #settle(): void {
    if (this.#capitals === 0) {
      this.lenient = this.written
    } else if (this.lenient === this.written) {
      this.lenient = new Reading()
      for (const [route, { place, answer }] of this.routes)
        this.lenient.add({ route, place: loweredPlace(place), answer })
    }
    const [first, second] = this.written.few ?? []
    this.only = second === undefined && first?.place.path === '/' && !first.place.exact ? first : undefined
  }
}

function agreed<R>(written: Match<R>, lenient: Match<R>): Match<R> {
  if (written === lenient) return written
  const neither = typeof written === 'object' && typeof lenient === 'object' && written.kind === lenient.kind
  return neither && written.kind === 'method' ? written : 'ambiguous'
}

function answerOf<R>({ byMethod, otherwise }: Spot<R>, method: string): Match<R> {
  return byMethod === undefined ? otherwise : (byMethod.get(method) ?? otherwise)
}

function hasCapitals({ path }: Place): boolean {
  return /[A-Z]/.test(path)
}
