import {
  comparePlaces,
  contains,
  loweredPlace,
  meets,
  type Place,
  placeKey,
  placeText,
  segmentsOf,
  shareMethods,
} from './place.ts'
import { PlaceTree } from './place-tree.ts'
import type { GatewayRoute } from './table.ts'

/** A route as far as the report looks at it. */
export interface PlacedRoute {
  readonly name: string
  readonly place: Place
  /** Nobody is asked who they are. */
  readonly isPublic: boolean
  /** Its rule is only tried out. */
  readonly inShadow?: boolean
}

/**
 * - `duplicate`: two routes at one place for one method; which answers would be chance.
 * - `never`: nothing the gate passes on can reach it.
 * - `shadowed`: others take every path of it.
 * - `public-inside-guarded`: everybody reaches a part of what is guarded.
 * - `guarded-inside-public`: a path that misses the guarded part is everybody's.
 * - `not-enforced`: its rule is in shadow mode, so everybody passes.
 * - `crossing`: two patterns share some paths and neither is within the other.
 */
export type FindingKind =
  | 'duplicate'
  | 'never'
  | 'shadowed'
  | 'public-inside-guarded'
  | 'guarded-inside-public'
  | 'not-enforced'
  | 'crossing'

export interface Finding {
  readonly kind: FindingKind
  readonly level: 'error' | 'warning' | 'note'
  /** Name of the route it is about. */
  readonly route: string
  /** Names of the routes it is so because of, at most five. */
  readonly others: readonly string[]
  readonly text: string
}

export interface RouteReport {
  /** The gravest first, then by name. */
  readonly findings: readonly Finding[]
  /** How many more there are than are listed. */
  readonly more: number
}

const levels = ['error', 'warning', 'note'] as const
const mostOthers = 5
/** Crossing patterns are looked for in at most so many steps of a host: their number may be the square of the routes'. */
const crossingSteps = 200_000

/**
 * What is odd about a set of routes, from their places alone. Everything is judged in the most lenient spelling, in which
 * two places that differ in case only are one.
 *
 * @param most how many findings are listed
 */
export function reportOf(routes: readonly PlacedRoute[], most = 500): RouteReport {
  const hosts = Map.groupBy(routes, ({ place }) => place.host)
  const findings = [...hosts.values()].flatMap((own) => findingsOfHost(own.map(lowered)))
  return { findings: sorted(findings).slice(0, most), more: Math.max(0, findings.length - most) }
}

function sorted(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level) || compareText(a.route, b.route))
}

/** At most so many steps are looked for routes that one route changes something for. */
const neighbourSteps = 2_000

/**
 * What `reportOf` of a whole host says that speaks of one of its routes, without looking at the others. What a route does
 * to very many others is told of the first it meets.
 *
 * @param tree of `lowered` routes, this one among them
 */
export function findingsOfRoute(tree: PlaceTree<PlacedRoute>, route: PlacedRoute): readonly Finding[] {
  const segments = segmentsOf(route.place.path)
  const near = tree.meeting(segments, route.place.exact, { steps: neighbourSteps })
  const isDead = (one: PlacedRoute) => endOf(tree, one) !== undefined
  const found = [route, ...near.filter((one) => one !== route)].flatMap((one) => {
    const end = endOf(tree, one)
    if (end !== undefined) return [end]
    return [...opened(tree, one, isDead), ...notEnforced([one])]
  })
  const crossed = isDead(route) ? [] : near.filter((one) => isCrossing(route.place, one.place) && !isDead(one))
  const twins = tree
    .containing(segments, route.place.exact)
    .filter((one) => placeKey(one.place) === placeKey(route.place))
  const all = [...duplicates(twins), ...found, ...crossed.map((one) => crossing(route, one))]
  return sorted(all.filter((one) => one.route === route.name || one.others.includes(route.name)))
}

/** Those that speak of one of these routes. */
export function findingsAbout({ findings }: RouteReport, names: ReadonlySet<string>): readonly Finding[] {
  return findings.filter(({ route, others }) => names.has(route) || others.some((other) => names.has(other)))
}

/** A stored route as the report looks at it. */
export function placed({ name, host, path, exact, methods, priority, access, mode }: GatewayRoute): PlacedRoute {
  return {
    name,
    place: { host, path, exact, methods, priority },
    isPublic: access.kind === 'public',
    inShadow: mode === 'shadow',
  }
}

/** In the spelling that findings are found in. */
export function lowered(route: PlacedRoute): PlacedRoute {
  return { ...route, place: loweredPlace(route.place) }
}

function findingsOfHost(routes: readonly PlacedRoute[]): readonly Finding[] {
  const tree = new PlaceTree(routes)
  const dead = new Set<PlacedRoute>()
  const found: Finding[] = duplicates(routes)
  for (const route of routes) {
    const end = endOf(tree, route)
    if (end === undefined) continue
    dead.add(route)
    found.push(end)
  }
  const alive = routes.filter((route) => !dead.has(route))
  for (const route of alive) found.push(...opened(tree, route, (other) => dead.has(other)))
  return [...found, ...notEnforced(alive), ...crossings(tree, alive, dead)]
}

function notEnforced(routes: readonly PlacedRoute[]): readonly Finding[] {
  const text = 'It is in shadow mode: what its rule refuses is noted and let through. Enforce it when it is right.'
  return routes.filter(({ inShadow }) => inShadow).map((route) => finding('not-enforced', 'warning', route, [], text))
}

function duplicates(routes: readonly PlacedRoute[]): Finding[] {
  const groups = Map.groupBy(routes, ({ place }) => placeKey(place))
  return [...groups.values()].flatMap((group) =>
    group.flatMap((route, index) => {
      const before = group.slice(0, index).filter(({ place }) => shareMethods(place.methods, route.place.methods))
      const text = `It has the place of ${named(before)}: ${placeText(route.place)}. Which one answers is chance; change one's place, methods or priority.`
      return before.length === 0 ? [] : [finding('duplicate', 'error', route, before, text)]
    }),
  )
}

/** Why it never answers; `undefined`: it does. */
function endOf(tree: PlaceTree<PlacedRoute>, route: PlacedRoute): Finding | undefined {
  return unreachable(route) ?? shadowed(tree, route)
}

function unreachable(route: PlacedRoute): Finding | undefined {
  const { methods, path } = route.place
  if (path === '/.gatehouse' || path.startsWith('/.gatehouse/')) {
    return finding('never', 'error', route, [], 'Its path belongs to Gatehouse, which answers there itself.')
  }
  if (methods.length === 0 || !methods.every((method) => method === 'CONNECT' || method === 'TRACE')) return undefined
  return finding('never', 'error', route, [], 'CONNECT and TRACE are never sent to an app, and it has no other method.')
}

/** Every path of it is another route's: one of higher priority, or several that leave nothing over. */
function shadowed(tree: PlaceTree<PlacedRoute>, route: PlacedRoute): Finding | undefined {
  const takers = takersOf(tree, route, segmentsOf(route.place.path), route.place.exact)
  if (takers === undefined) return undefined
  const text = `It never answers: ${named(takers)} ${takers.length === 1 ? 'takes' : 'take'} every path of ${placeText(route.place)}. Raise its priority, or remove it.`
  return finding('shadowed', 'error', route, takers, text)
}

function takersOf(
  tree: PlaceTree<PlacedRoute>,
  route: PlacedRoute,
  segments: readonly string[],
  exact: boolean,
): readonly PlacedRoute[] | undefined {
  const taker = tree.containing(segments, exact).find((other) => comparePlaces(other.place, route.place) < 0)
  if (taker !== undefined) return [taker]
  if (exact || segments.length >= tree.depth) return undefined
  // a prefix is its own path and everything one segment further
  const own = takersOf(tree, route, segments, true)
  const under = own === undefined ? undefined : takersOf(tree, route, [...segments, '*'], false)
  return own === undefined || under === undefined ? undefined : [...new Set([...own, ...under])]
}

/** Where it lies within a route that asks for more, or for less. */
function opened(
  tree: PlaceTree<PlacedRoute>,
  route: PlacedRoute,
  isDead: (other: PlacedRoute) => boolean,
): readonly Finding[] {
  const around = tree
    .containing(segmentsOf(route.place.path), route.place.exact)
    .filter((other) => comparePlaces(route.place, other.place) < 0 && !isDead(other))
    .toSorted((a, b) => comparePlaces(a.place, b.place))
  const [nearest] = around
  if (nearest === undefined) return []
  const there = around.filter((other) => comparePlaces(other.place, nearest.place) === 0)
  const others = there.filter((other) => other.isPublic !== route.isPublic)
  if (others.length === 0) return []
  if (route.isPublic) {
    const text = `Everybody reaches ${placeText(route.place)}, inside of what ${named(others)} guards.`
    return [finding('public-inside-guarded', 'warning', route, others, text)]
  }
  const text = `It guards ${placeText(route.place)} inside of what ${named(others)} opens to everybody: a path that the app takes for this one, and the gate does not, would be everybody's.`
  return [finding('guarded-inside-public', 'note', route, others, text)]
}

function crossings(
  tree: PlaceTree<PlacedRoute>,
  alive: readonly PlacedRoute[],
  dead: ReadonlySet<PlacedRoute>,
): readonly Finding[] {
  const seen = new Set<string>()
  const budget = { steps: crossingSteps }
  const starred = alive.filter(({ place }) => place.path.includes('*'))
  return starred.flatMap((route) =>
    tree.meeting(segmentsOf(route.place.path), route.place.exact, budget).flatMap((other) => {
      const pair = [route.name, other.name].toSorted(compareText).join(' ')
      if (dead.has(other) || seen.has(pair) || !isCrossing(route.place, other.place)) return []
      seen.add(pair)
      return [crossing(route, other)]
    }),
  )
}

function isCrossing(a: Place, b: Place): boolean {
  return meets(a, b) && !contains(a, b) && !contains(b, a)
}

function crossing(route: PlacedRoute, other: PlacedRoute): Finding {
  const isFirst = comparePlaces(route.place, other.place) <= 0
  const [winner, loser] = isFirst ? [route, other] : [other, route]
  const level = winner.isPublic === loser.isPublic ? 'note' : 'warning'
  const text = `Both it and ${loser.name} cover ${sharedPath(winner.place, loser.place)}; ${winner.name} answers there, because ${reasonOf(winner.place, loser.place)}.`
  return finding('crossing', level, winner, [loser], text)
}

/** Why the first of two places has what both cover. */
export function reasonOf(winner: Place, loser: Place): string {
  if (winner.priority !== loser.priority) return `its priority is higher (${winner.priority} over ${loser.priority})`
  const left = segmentsOf(winner.path)
  const right = segmentsOf(loser.path)
  const at = left.findIndex((segment, index) => segment !== right[index])
  const [segment, other] = [left[at], right[at]]
  if (segment === undefined) return 'it is this path exactly'
  if (other === undefined) return 'its path is longer'
  return `it names the segment ${segment} where the other has *`
}

/** A path that both cover. */
function sharedPath(a: Place, b: Place): string {
  const [left, right] = [segmentsOf(a.path), segmentsOf(b.path)]
  const longer = left.length >= right.length ? left : right
  const other = longer === left ? right : left
  const segments = longer.map((segment, index) => (segment === '*' ? (other[index] ?? '*') : segment))
  return `/${segments.map((segment) => (segment === '*' ? 'anything' : segment)).join('/')}`
}

function finding(
  kind: FindingKind,
  level: Finding['level'],
  route: PlacedRoute,
  others: readonly PlacedRoute[],
  text: string,
): Finding {
  return { kind, level, route: route.name, others: others.slice(0, mostOthers).map(({ name }) => name), text }
}

function named(routes: readonly PlacedRoute[]): string {
  const names = routes.slice(0, mostOthers).map(({ name }) => name)
  return routes.length > mostOthers ? `${names.join(', ')} and ${routes.length - mostOthers} more` : names.join(' and ')
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
