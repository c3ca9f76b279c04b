import { comparePlaces, type Place, segmentsOf } from './place.ts'
import { lenientPath } from './target.ts'

/**
 * - `none`: no route covers the path.
 * - `ambiguous`: a lenient upstream would read the path as another route's than it is written (`/Admin`, `/a;x/admin`).
 * - `method`: the place the path belongs to has routes, but none for this method.
 */
export type Match<R> =
  | { readonly kind: 'route'; readonly route: R }
  | { readonly kind: 'method'; readonly allow: readonly string[]; readonly routes: readonly R[] }
  | 'none'
  | 'ambiguous'

/** The routes of one place, by method. Every answer is made once, so that equal answers are one object. */
interface Spot<R> {
  readonly place: Place
  readonly segments: readonly string[]
  readonly hasStar: boolean
  /** The answer for methods nobody named. */
  readonly otherwise: Match<R>
  readonly byMethod: ReadonlyMap<string, Match<R>> | undefined
}

interface Branch<R> {
  readonly children: Map<string, Branch<R>>
  star: Branch<R> | undefined
  exact: Spot<R> | undefined
  prefix: Spot<R> | undefined
  /** The highest priority here and below: what cannot win is not looked at. */
  most: number
}

/** A host's places, read in one spelling. */
interface Reading<R> {
  /** The winner first; only of few places, which are looked through without making anything. */
  readonly few: readonly Spot<R>[] | undefined
  readonly root: Branch<R>
}

interface HostRoutes<R> {
  /** Set when one prefix `/` is all there is: then every spelling of every path belongs to it. */
  readonly only: Spot<R> | undefined
  readonly written: Reading<R>
  /** The same object as `written` where no pattern has an upper-case letter. */
  readonly lenient: Reading<R>
  readonly hasExact: boolean
}

const few = 8
const slash = 0x2f
// what lower case or dropping parameters would change
const respelled = /[A-Z;]|%3[bB]/

/**
 * Routes by place. A path is looked up as it is written and as the most lenient upstream would read it, and both must
 * lead to one route. A look-up walks the path's segments down the patterns: what it costs grows with the depth of the
 * patterns that fit, not with the number of routes; up to eight places of a host are looked through instead.
 */
export class RouteTable<R> {
  readonly #hosts = new Map<string, HostRoutes<R>>()

  constructor(routes: readonly R[], place: (route: R) => Place) {
    const answers = new Map(routes.map((route): [R, Match<R>] => [route, { kind: 'route', route }]))
    const hosts = Map.groupBy(routes, (route) => place(route).host)
    for (const [host, own] of hosts) this.#hosts.set(host, hostRoutes(own, place, answers))
  }

  hasHost(host: string): boolean {
    return this.#hosts.has(host)
  }

  /** `host` is lower case without port; `path` passed `parseTarget`. */
  match(host: string, path: string, method: string): Match<R> {
    const routes = this.#hosts.get(host)
    if (routes === undefined) return 'none'
    if (routes.only !== undefined) return answerOf(routes.only, method)
    const { written, lenient, hasExact } = routes
    const found = find(written, path)
    if (written === lenient && !respelled.test(path) && !(hasExact && path.charCodeAt(path.length - 1) === slash)) {
      return found === undefined ? 'none' : answerOf(found, method)
    }
    const other = find(lenient, lenientPath(path))
    if (found === undefined && other === undefined) return 'none'
    if (found === undefined || other === undefined) return 'ambiguous'
    return agreed(answerOf(found, method), answerOf(other, method))
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

function hostRoutes<R>(
  routes: readonly R[],
  place: (route: R) => Place,
  answers: ReadonlyMap<R, Match<R>>,
): HostRoutes<R> {
  const written = readingOf(spotsOf(routes, place, answers))
  const isLower = routes.every((route) => !/[A-Z]/.test(place(route).path))
  const lower = (route: R): Place => ({ ...place(route), path: place(route).path.toLowerCase() })
  const lenient = isLower ? written : readingOf(spotsOf(routes, lower, answers))
  const first = written.few?.[0]
  const isOnly = written.few?.length === 1 && first?.place.path === '/' && !first.place.exact
  return {
    only: isOnly ? first : undefined,
    written,
    lenient,
    hasExact: routes.some((route) => place(route).exact),
  }
}

/** One spot per path and exactness: of several priorities at one path the highest has it whole. */
function spotsOf<R>(
  routes: readonly R[],
  place: (route: R) => Place,
  answers: ReadonlyMap<R, Match<R>>,
): readonly Spot<R>[] {
  const groups = Map.groupBy(routes, (route) => `${place(route).path} ${place(route).exact}`)
  return [...groups.values()].map((group) => {
    const most = Math.max(...group.map((route) => place(route).priority))
    return spotOf(
      group.filter((route) => place(route).priority === most),
      place,
      answers,
    )
  })
}

function spotOf<R>(
  routes: readonly [R, ...R[]] | readonly R[],
  place: (route: R) => Place,
  answers: ReadonlyMap<R, Match<R>>,
): Spot<R> {
  const [first] = routes
  if (first === undefined) throw new TypeError('a place without a route')
  const byMethod = new Map<string, Match<R>>()
  let every: Match<R> | undefined
  for (const route of routes) {
    const answer = answers.get(route)
    if (answer === undefined) throw new TypeError('a route without an answer')
    const { methods } = place(route)
    if (methods.length === 0) every ??= answer
    for (const method of methods) byMethod.set(method, byMethod.get(method) ?? answer)
  }
  const get = byMethod.get('GET')
  if (get !== undefined && !byMethod.has('HEAD')) byMethod.set('HEAD', get)
  const own = place(first)
  return {
    place: own,
    segments: segmentsOf(own.path),
    hasStar: segmentsOf(own.path).includes('*'),
    otherwise: every ?? { kind: 'method', allow: [...byMethod.keys()].sort(), routes },
    byMethod: byMethod.size === 0 ? undefined : byMethod,
  }
}

function readingOf<R>(spots: readonly Spot<R>[]): Reading<R> {
  const root = newBranch<R>()
  for (const spot of spots) plant(root, spot)
  return {
    few: spots.length <= few ? spots.toSorted((a, b) => comparePlaces(a.place, b.place)) : undefined,
    root,
  }
}

function newBranch<R>(): Branch<R> {
  return {
    children: new Map(),
    star: undefined,
    exact: undefined,
    prefix: undefined,
    most: Number.NEGATIVE_INFINITY,
  }
}

function plant<R>(root: Branch<R>, spot: Spot<R>): void {
  let branch = root
  for (const segment of spot.segments) {
    branch.most = Math.max(branch.most, spot.place.priority)
    branch = grown(branch, segment)
  }
  branch.most = Math.max(branch.most, spot.place.priority)
  if (spot.place.exact) branch.exact = spot
  else branch.prefix = spot
}

function grown<R>(branch: Branch<R>, segment: string): Branch<R> {
  if (segment === '*') {
    branch.star ??= newBranch()
    return branch.star
  }
  const child = branch.children.get(segment) ?? newBranch()
  branch.children.set(segment, child)
  return child
}

function find<R>({ few: spots, root }: Reading<R>, path: string): Spot<R> | undefined {
  if (spots === undefined) return walk(root, path, 0, Number.NEGATIVE_INFINITY)
  for (const spot of spots) {
    if (covers(spot, path)) return spot
  }
  return undefined
}

/**
 * The best spot under a branch whose priority is above `least`. What is more specific is looked at first, so that of
 * equal priorities the first found stays.
 *
 * @param at where the segments that led here end
 */
function walk<R>(branch: Branch<R>, path: string, at: number, least: number): Spot<R> | undefined {
  let found: Spot<R> | undefined
  let above = least
  const begin = at + 1
  if (begin < path.length) {
    const slashAt = path.indexOf('/', begin)
    const end = slashAt < 0 ? path.length : slashAt
    const child = branch.children.size === 0 ? undefined : branch.children.get(path.slice(begin, end))
    if (child !== undefined && child.most > above) {
      found = walk(child, path, end, above)
      if (found !== undefined) above = found.place.priority
    }
    const { star } = branch
    if (star !== undefined && star.most > above) {
      const under = walk(star, path, end, above)
      if (under !== undefined) {
        found = under
        above = under.place.priority
      }
    }
  } else if (branch.exact !== undefined && isWhole(path, at) && branch.exact.place.priority > above) {
    found = branch.exact
    above = found.place.priority
  }
  return branch.prefix !== undefined && branch.prefix.place.priority > above ? branch.prefix : found
}

/** Whether nothing follows: `/a` after `a`, but not `/a/`. The root's own path is its slash. */
function isWhole(path: string, at: number): boolean {
  return at === path.length || path.length === 1
}

function covers<R>({ place, segments, hasStar }: Spot<R>, path: string): boolean {
  if (!hasStar) {
    if (place.exact) return path === place.path
    const { length } = place.path
    return (
      length === 1 || (path.startsWith(place.path) && (path.length === length || path.charCodeAt(length) === slash))
    )
  }
  let at = 0
  for (const segment of segments) {
    const begin = at + 1
    if (begin >= path.length) return false
    const slashAt = path.indexOf('/', begin)
    const end = slashAt < 0 ? path.length : slashAt
    if (segment !== '*' && (end - begin !== segment.length || !path.startsWith(segment, begin))) return false
    at = end
  }
  return !place.exact || isWhole(path, at)
}
