/** From 0.25 ms, four steps to each doubling: what is told of a quantile is at most 19 % too much. */
const least = 0.25
const stepsPerDoubling = 4
const doublings = 18
const steps = doublings * stepsPerDoubling + 1

/** As another thread is told. */
export interface LatenciesTold {
  /** How many took no longer than each step, from the shortest on. */
  readonly counts: Uint32Array
  /** Milliseconds. */
  readonly sum: number
}

/** How long answers took, in a fixed small memory, whatever their number. */
export class Latencies {
  readonly #counts: Uint32Array
  #sum: number

  constructor({ counts, sum }: LatenciesTold = { counts: new Uint32Array(steps), sum: 0 }) {
    this.#counts = Uint32Array.from(counts)
    this.#sum = sum
  }

  /** To be added up with those of other threads. */
  get told(): LatenciesTold {
    return { counts: this.#counts, sum: this.#sum }
  }

  add(ms: number): void {
    const step = ms <= least ? 0 : Math.min(steps - 1, Math.ceil(Math.log2(ms / least) * stepsPerDoubling))
    this.#counts[step] = (this.#counts[step] ?? 0) + 1
    this.#sum += ms
  }

  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0)
  }

  /** All milliseconds together. */
  get sum(): number {
    return this.#sum
  }

  /** Milliseconds within which that share of the answers came; `undefined` while there are none. */
  within(share: number): number | undefined {
    const { count } = this
    if (count === 0) return undefined
    let left = Math.max(1, Math.ceil(count * share))
    for (const [step, here] of this.#counts.entries()) {
      left -= here
      if (left <= 0) return boundOf(step)
    }
    return boundOf(steps - 1)
  }

  /** One bound to each doubling and how many answers came within it, as Prometheus counts. */
  byDoubling(): readonly { readonly upToMs: number; readonly count: number }[] {
    const result: { upToMs: number; count: number }[] = []
    let count = 0
    for (const [step, here] of this.#counts.entries()) {
      count += here
      if (step % stepsPerDoubling === 0) result.push({ upToMs: boundOf(step), count })
    }
    return result
  }
}

function boundOf(step: number): number {
  return least * 2 ** (step / stepsPerDoubling)
}
