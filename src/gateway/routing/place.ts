/** Where a route answers, and which of several places a path belongs to. */
export interface Place {
  /** Lower case, without port. */
  readonly host: string
  /** `/`, or segments like `/app/v1` without a slash at the end; `*` stands for exactly one segment. */
  readonly path: string
  /** Only this very path; otherwise everything under it too. */
  readonly exact: boolean
  /** Empty: every method. */
  readonly methods: readonly string[]
  /** Higher wins before anything else. */
  readonly priority: number
}

/** What a path is looked for by in the database: two paths with one key are one to a lenient upstream. */
export function prefixKey(path: string): string {
  return path === '/' ? '' : path.toLowerCase()
}

/** A place as the most lenient upstream reads it. */
export function loweredPlace(place: Place): Place {
  return { ...place, path: place.path.toLowerCase() }
}

/** `/a/*` as `['a', '*']`, `/` as none. */
export function segmentsOf(path: string): readonly string[] {
  return path === '/' ? [] : path.slice(1).split('/')
}

/** A place as the most lenient upstream would tell it from others: two routes with one key share a place. */
export function placeKey({ host, path, exact, priority }: Place): string {
  return `${host}${path.toLowerCase()} ${exact ? 'exact' : 'under'} ${priority}`
}

/**
 * The order of precedence, the winner first: priority, then at the leftmost difference a literal segment before `*` before
 * the end of a prefix, then exact before prefix. Of the places that cover one path, the first in this order has it.
 */
export function comparePlaces(a: Place, b: Place): number {
  if (a.priority !== b.priority) return b.priority - a.priority
  const left = segmentsOf(a.path)
  const right = segmentsOf(b.path)
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = compareSegments(left[index], right[index])
    if (order !== 0) return order
  }
  return Number(b.exact) - Number(a.exact)
}

/** Whether everything the second covers is covered by the first, methods and priority aside. */
export function contains(outer: Place, inner: Place): boolean {
  if (outer.host !== inner.host || (outer.exact && !inner.exact)) return false
  const left = lowerSegments(outer)
  const right = lowerSegments(inner)
  if (outer.exact ? left.length !== right.length : left.length > right.length) return false
  return left.every((segment, index) => segment === '*' || segment === right[index])
}

/** Whether some path belongs to both, methods and priority aside. */
export function meets(a: Place, b: Place): boolean {
  if (a.host !== b.host) return false
  const left = lowerSegments(a)
  const right = lowerSegments(b)
  if (a.exact && right.length > left.length) return false
  if (b.exact && left.length > right.length) return false
  return left.every((segment, index) => {
    const other = right[index]
    return other === undefined || segment === other || segment === '*' || other === '*'
  })
}

/** Whether both name some method. `GET` answers `HEAD` only where no route names `HEAD`, so these two do not clash. */
export function shareMethods(a: readonly string[], b: readonly string[]): boolean {
  return a.length === 0 || b.length === 0 || a.some((method) => b.includes(method))
}

/** Whether one request could be for both, and neither is before the other. */
export function sharePlace(a: Place, b: Place): boolean {
  return placeKey(a) === placeKey(b) && shareMethods(a.methods, b.methods)
}

/** A place as people read it: `GET,PUT a.b/app/… (priority 2)`. */
export function placeText({ host, path, exact, methods, priority }: Place): string {
  const named = methods.length === 0 ? '' : `${methods.join(',')} `
  const under = exact ? '' : path === '/' ? '…' : '/…'
  return `${named}${host}${path}${under}${priority === 0 ? '' : ` (priority ${priority})`}`
}

function lowerSegments({ path }: Place): readonly string[] {
  return segmentsOf(path.toLowerCase())
}

function compareSegments(left: string | undefined, right: string | undefined): number {
  if (left === right) return 0
  if (left === undefined) return 1
  if (right === undefined) return -1
  if (left === '*') return 1
  if (right === '*') return -1
  return left < right ? -1 : 1
}

/** Whether a path belongs to a place, both as they are written; `path` passed `parseTarget`. Not for the hot path. */
export function covers({ path: pattern, exact }: Place, path: string): boolean {
  const wanted = segmentsOf(pattern)
  const given = path === '/' ? [] : path.slice(1).split('/')
  const filled = given.at(-1) === '' ? given.slice(0, -1) : given
  if (exact ? given.length !== wanted.length : filled.length < wanted.length) return false
  return wanted.every((segment, index) => filled[index] !== undefined && (segment === '*' || segment === filled[index]))
}
