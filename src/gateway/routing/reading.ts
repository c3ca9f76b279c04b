import { comparePlaces, type Place, segmentsOf } from './place.ts'

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

/** A route as one reading spells its place, with the one answer that leads to it. */
export interface Planted<R> {
  readonly route: R
  readonly place: Place
  readonly answer: Match<R>
}

/** The routes of one place, by method. Every answer is made once, so that equal answers are one object. */
export interface Spot<R> {
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

const fewest = 8
const slash = 0x2f

/**
 * A host's places, read in one spelling. Adding and removing cost what the pattern is deep, and happen at once: whoever
 * looks up finds the places before a change or after it.
 */
export class Reading<R> {
  /** The winner first; only of few places, which are looked through without making anything. */
  few: readonly Spot<R>[] | undefined = []
  readonly #root: Branch<R> = newBranch()
  /** All that stand at one path, of whatever priority: the highest has it whole, and the others come after it. */
  readonly #groups = new Map<string, { spot: Spot<R>; readonly all: Planted<R>[] }>()

  add(one: Planted<R>): void {
    const key = keyOf(one.place)
    const group = this.#groups.get(key)
    group?.all.push(one)
    const all = group?.all ?? [one]
    const spot = spotOf(all)
    if (group === undefined) this.#groups.set(key, { spot, all })
    else group.spot = spot
    this.#plant(spot)
    this.#refresh()
  }

  remove({ route, place }: Pick<Planted<R>, 'route' | 'place'>): void {
    const key = keyOf(place)
    const group = this.#groups.get(key)
    const at = group?.all.findIndex((one) => one.route === route) ?? -1
    if (group === undefined || at < 0) throw new TypeError('a route that is not in the table')
    group.all.splice(at, 1)
    if (group.all.length === 0) {
      this.#groups.delete(key)
      this.#uproot(group.spot)
    } else {
      group.spot = spotOf(group.all)
      this.#plant(group.spot)
    }
    this.#refresh()
  }

  find(path: string): Spot<R> | undefined {
    const { few } = this
    if (few === undefined) return walk(this.#root, path, 0, Number.NEGATIVE_INFINITY)
    for (const spot of few) {
      if (covers(spot, path)) return spot
    }
    return undefined
  }

  #refresh(): void {
    const isFew = this.#groups.size <= fewest
    const spots = isFew ? [...this.#groups.values()].map(({ spot }) => spot) : []
    this.few = isFew ? spots.toSorted((a, b) => comparePlaces(a.place, b.place)) : undefined
  }

  #plant(spot: Spot<R>): void {
    const way = [this.#root]
    let branch = this.#root
    for (const segment of spot.segments) {
      branch = grown(branch, segment)
      way.push(branch)
    }
    const before = spot.place.exact ? branch.exact : branch.prefix
    if (spot.place.exact) branch.exact = spot
    else branch.prefix = spot
    const { priority } = spot.place
    const fell = before !== undefined && before.place.priority > priority ? before.place.priority : undefined
    for (const one of way.toReversed()) {
      if (fell === one.most) one.most = mostOf(one, fell)
      else one.most = Math.max(one.most, priority)
    }
  }

  #uproot({ place, segments }: Spot<R>): void {
    const way: { readonly branch: Branch<R>; readonly segment: string | undefined }[] = []
    let branch = this.#root
    for (const segment of segments) {
      way.push({ branch, segment })
      branch = grown(branch, segment)
    }
    if (place.exact) branch.exact = undefined
    else branch.prefix = undefined
    if (branch.most === place.priority) branch.most = mostOf(branch, place.priority)
    let below = branch
    for (const { branch: above, segment } of way.toReversed()) {
      if (isBare(below)) {
        if (segment === '*') above.star = undefined
        else above.children.delete(segment ?? '')
      }
      if (above.most === place.priority) above.most = mostOf(above, place.priority)
      below = above
    }
  }
}

function keyOf({ path, exact }: Place): string {
  return `${path} ${exact}`
}

function spotOf<R>(all: readonly Planted<R>[]): Spot<R> {
  const most = Math.max(...all.map(({ place }) => place.priority))
  const first = all.filter(({ place }) => place.priority === most)
  const [one] = first
  if (one === undefined) throw new TypeError('a place without a route')
  const byMethod = new Map<string, Match<R>>()
  let every: Match<R> | undefined
  for (const { place, answer } of first) {
    if (place.methods.length === 0) every ??= answer
    for (const method of place.methods) byMethod.set(method, byMethod.get(method) ?? answer)
  }
  const get = byMethod.get('GET')
  if (get !== undefined && !byMethod.has('HEAD')) byMethod.set('HEAD', get)
  const segments = segmentsOf(one.place.path)
  const routes = first.map(({ route }) => route)
  return {
    place: one.place,
    segments,
    hasStar: segments.includes('*'),
    otherwise: every ?? { kind: 'method', allow: [...byMethod.keys()].sort(), routes },
    byMethod: byMethod.size === 0 ? undefined : byMethod,
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

function isBare<R>({ children, star, exact, prefix }: Branch<R>): boolean {
  return children.size === 0 && star === undefined && exact === undefined && prefix === undefined
}

/** The highest priority at a branch and below. @param bound it is not higher than this, so the search may end there */
function mostOf<R>({ children, star, exact, prefix }: Branch<R>, bound: number): number {
  let most = Math.max(
    exact?.place.priority ?? Number.NEGATIVE_INFINITY,
    prefix?.place.priority ?? Number.NEGATIVE_INFINITY,
    star?.most ?? Number.NEGATIVE_INFINITY,
  )
  if (most === bound) return most
  for (const child of children.values()) {
    most = Math.max(most, child.most)
    if (most === bound) break
  }
  return most
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
