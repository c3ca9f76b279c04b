import { type Place, segmentsOf } from './place.ts'

interface Node<T> {
  readonly children: Map<string, Node<T>>
  star: Node<T> | undefined
  readonly here: T[]
}

/**
 * The places of one host by their patterns, to ask which contain a pattern and which share paths with it. Unlike the
 * gate's table it keeps every place, whatever its priority.
 */
export class PlaceTree<T extends { readonly place: Place }> {
  readonly #root: Node<T> = newNode()
  #depth = 0

  constructor(things: readonly T[]) {
    for (const thing of things) this.add(thing)
  }

  /** Segments of the longest pattern there ever was. */
  get depth(): number {
    return this.#depth
  }

  add(thing: T): void {
    const segments = segmentsOf(thing.place.path)
    this.#depth = Math.max(this.#depth, segments.length)
    this.#nodeFor(segments).here.push(thing)
  }

  /** @param thing one that was added */
  remove(thing: T): void {
    const way: { readonly node: Node<T>; readonly segment: string }[] = []
    let node = this.#root
    for (const segment of segmentsOf(thing.place.path)) {
      way.push({ node, segment })
      node = grown(node, segment)
    }
    const at = node.here.indexOf(thing)
    if (at < 0) throw new TypeError('a place that is not in the tree')
    node.here.splice(at, 1)
    for (const { node: above, segment } of way.toReversed()) {
      if (node.here.length > 0 || node.children.size > 0 || node.star !== undefined) return
      if (segment === '*') above.star = undefined
      else above.children.delete(segment)
      node = above
    }
  }

  /** Those that cover everything this pattern covers. */
  containing(segments: readonly string[], exact: boolean): readonly T[] {
    const found: T[] = []
    const visit = (node: Node<T>, at: number): void => {
      const isEnd = at === segments.length
      for (const thing of node.here) {
        if (!thing.place.exact || (exact && isEnd)) found.push(thing)
      }
      const segment = segments[at]
      if (segment === undefined) return
      const child = segment === '*' ? undefined : node.children.get(segment)
      if (child !== undefined) visit(child, at + 1)
      if (node.star !== undefined) visit(node.star, at + 1)
    }
    visit(this.#root, 0)
    return found
  }

  /** Those that cover some path this pattern covers, as far as the budget reaches; it is used up. */
  meeting(segments: readonly string[], exact: boolean, budget: { steps: number }): readonly T[] {
    const found: T[] = []
    const visit = (node: Node<T>, at: number): void => {
      budget.steps -= 1
      if (budget.steps < 0) return
      const isPast = at >= segments.length
      for (const thing of node.here) {
        if (!thing.place.exact || isPast) found.push(thing)
      }
      if (isPast && exact) return
      for (const next of branches(node, segments[at])) visit(next, at + 1)
    }
    visit(this.#root, 0)
    return found
  }

  #nodeFor(segments: readonly string[]): Node<T> {
    let node = this.#root
    for (const segment of segments) node = grown(node, segment)
    return node
  }
}

function grown<T>(node: Node<T>, segment: string): Node<T> {
  if (segment === '*') {
    node.star ??= newNode()
    return node.star
  }
  const child = node.children.get(segment) ?? newNode()
  node.children.set(segment, child)
  return child
}

function newNode<T>(): Node<T> {
  return { children: new Map(), star: undefined, here: [] }
}

/** Where a segment of a pattern can lead; past its end, and for a star, everywhere. */
function branches<T>({ children, star }: Node<T>, segment: string | undefined): readonly Node<T>[] {
  const starred = star === undefined ? [] : [star]
  if (segment === undefined || segment === '*') return [...children.values(), ...starred]
  const child = children.get(segment)
  return child === undefined ? starred : [child, ...starred]
}
