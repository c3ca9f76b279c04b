/**
 * A map that forgets: entries that weigh at most `capacity` together (and one more), those untouched for longest (to within
 * half of it) go first. An entry weighs 1 unless told.
 */
export class BoundedMap<Value> {
  readonly #half: number
  readonly #weigh: (value: Value) => number
  #young = new Map<string, Value>()
  #weight = 0
  #old = new Map<string, Value>()

  constructor(capacity: number, weigh: (value: Value) => number = () => 1) {
    this.#half = Math.max(1, capacity >> 1)
    this.#weigh = weigh
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, value: Value): void {
    if (this.#weight >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
      this.#weight = 0
    }
    this.#old.delete(key)
    const former = this.#young.get(key)
    if (former !== undefined) this.#weight -= this.#weigh(former)
    this.#weight += this.#weigh(value)
    this.#young.set(key, value)
  }

  clear(): void {
    if (this.#young.size > 0) this.#young = new Map()
    this.#weight = 0
    if (this.#old.size > 0) this.#old = new Map()
  }
}
