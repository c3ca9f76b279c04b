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
  /** Segments of the longest pattern. */
  readonly depth: number

  constructor(things: readonly T[]) {
    let depth = 0
    for (const thing of things) {
      const segments = segmentsOf(thing.place.path)
      depth = Math.max(depth, segments.length)
      this.#nodeFor(segments).here.push(thing)
    }
    this.depth = depth
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
    for (const segment of segments) {
      if (segment === '*') {
        node.star ??= newNode()
        node = node.star
      } else {
        const child: Node<T> = node.children.get(segment) ?? newNode()
        node.children.set(segment, child)
        node = child
      }
    }
    return node
  }
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
