/** How many a second, for the last five minutes. */
const seconds = 300

/** Counts events by the second they happen in, over a ring of the last five minutes. */
export class Rate {
  readonly #counts = new Uint32Array(seconds)
  #latest: number

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: number) {
    this.#latest = Math.floor(now / 1000)
  }

  add(now: number): void {
    const place = this.#forwardTo(now) % seconds
    this.#counts[place] = (this.#counts[place] ?? 0) + 1
  }

  /** How many in the last whole seconds, the one that has begun left out. */
  inLast(count: number, now: number): number {
    const second = this.#forwardTo(now)
    let sum = 0
    for (let back = 1; back <= Math.min(count, seconds - 1); back += 1) {
      sum += this.#counts[(second - back + seconds) % seconds] ?? 0
    }
    return sum
  }

  #forwardTo(now: number): number {
    const second = Math.floor(now / 1000)
    const gone = Math.min(second - this.#latest, seconds)
    for (let step = 1; step <= gone; step += 1) this.#counts[(this.#latest + step) % seconds] = 0
    if (second > this.#latest) this.#latest = second
    return this.#latest
  }
}
