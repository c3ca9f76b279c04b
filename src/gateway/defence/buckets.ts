import type { RateRule, Taken } from './rate-rule.ts'

/** One caller's bucket on one route. Times are the node's own, in milliseconds that only go forward. */
export interface Bucket {
  /** Route and caller; what the bucket is called between nodes. */
  readonly name: string
  /**
   * When the bucket will be full again. It says everything: until then, each `intervalMs` stands for one request that was
   * taken and not given back yet (the generic cell rate algorithm: a token bucket with one number instead of two).
   */
  fullAt: number
  intervalMs: number
  /** Taken here and not told the other nodes. */
  unsent: number
  /** When the first of them was taken. */
  unsentSince: number
  /** It is to be told of, or at least asked about. */
  listed: boolean
}

export interface BucketsOptions {
  /** How many there may be. */
  readonly most?: number
  /** Whether other nodes are to be told what was taken. */
  readonly shared: boolean
}

/** Rounding of times must not cost a request. */
const grain = 1e-6
const defaultMost = 100_000
/** How many of ten are dropped at once, so that making room costs little per newcomer. */
const droppedShare = 0.1
const sampleSize = 1_000

/**
 * Who used how much, for all routes of a node. Exact: nobody gets more than a bucket's depth at once, and in every span of
 * time no more than the depth and what the rate gives back in it.
 *
 * Bounded: a full bucket says nothing and may go. Where too many are not full, those go that would be full soonest. So
 * nobody makes the node forget what they used by coming under many names: the names, each used less than the bucket they
 * are to push out, go first; and what dropping a bucket gives away is the shortest wait there is.
 */
export class Buckets {
  readonly #buckets = new Map<string, Bucket>()
  readonly #most: number
  readonly #shared: boolean
  #listed: Bucket[] = []

  constructor({ most = defaultMost, shared }: BucketsOptions) {
    this.#most = most
    this.#shared = shared
  }

  get size(): number {
    return this.#buckets.size
  }

  /** Takes one request, if there is one. @param who principal id or network */
  take(rule: RateRule, who: string, now: number): Taken {
    const { intervalMs, depthMs } = rule
    const bucket = this.#find(rule, who, now)
    const owed = Math.max(bucket.fullAt - now, 0)
    const left = (depthMs - owed) / intervalMs + grain
    // the others may have taken more than we know
    if (left < 1 && this.#shared) this.#list(bucket, now)
    if (left < 1) return { allowed: false, remaining: 0, nextMs: owed + intervalMs - depthMs }
    bucket.fullAt = now + owed + intervalMs
    bucket.intervalMs = intervalMs
    if (this.#shared && this.#list(bucket, now)) bucket.unsent += 1
    const remaining = Math.floor(left - 1)
    return { allowed: true, remaining, nextMs: (remaining + 2) * intervalMs - depthMs + owed }
  }

  /** Buckets to tell of or ask about, at most so many, the most used first; the others wait for the next time. */
  takeListed(most: number): readonly Bucket[] {
    const all = this.#listed
    if (all.length > most) all.sort((one, other) => other.unsent - one.unsent)
    // one that was dropped and came again is there twice
    const taken = new Map<string, Bucket>()
    this.#listed = all.filter((bucket) => {
      if (taken.size >= most || taken.has(bucket.name)) return true
      taken.set(bucket.name, bucket)
      bucket.listed = false
      return false
    })
    return [...taken.values()]
  }

  /** What could not be told after all. */
  putBack(bucket: Bucket, uses: number, since: number): void {
    if (!this.#list(bucket, since)) return
    bucket.unsent += uses
    bucket.unsentSince = since
  }

  /** False when the list is full: the others are not told of more than we remember, for storage may be away for long. */
  #list(bucket: Bucket, now: number): boolean {
    if (bucket.unsent === 0) bucket.unsentSince = now
    if (bucket.listed) return true
    if (this.#listed.length >= this.#most) return false
    bucket.listed = true
    this.#listed.push(bucket)
    return true
  }

  #find(rule: RateRule, who: string, now: number): Bucket {
    const name = `${rule.routeId} ${who}`
    const known = this.#buckets.get(name)
    if (known !== undefined) return known
    if (this.#buckets.size >= this.#most) this.#makeRoom(now)
    const made: Bucket = { name, fullAt: now, intervalMs: rule.intervalMs, unsent: 0, unsentSince: now, listed: false }
    this.#buckets.set(name, made)
    return made
  }

  #makeRoom(now: number): void {
    const target = this.#most - Math.max(1, Math.ceil(this.#most * droppedShare))
    this.#drop(now, 0)
    if (this.#buckets.size > target) this.#drop(this.#soonest(), target)
  }

  /** Those full by then, until so many are left. */
  #drop(by: number, target: number): void {
    for (const [name, { fullAt }] of this.#buckets) {
      if (this.#buckets.size <= target) return
      if (fullAt <= by) this.#buckets.delete(name)
    }
  }

  /** When about a tenth of all will be full, by a sample; at least one is by then. */
  #soonest(): number {
    const step = Math.max(1, Math.floor(this.#buckets.size / sampleSize))
    const sample: number[] = []
    let first = Number.POSITIVE_INFINITY
    let place = 0
    for (const { fullAt } of this.#buckets.values()) {
      if (fullAt < first) first = fullAt
      if (place % step === 0) sample.push(fullAt)
      place += 1
    }
    sample.sort((one, other) => one - other)
    return Math.max(first, sample[Math.floor(sample.length * droppedShare)] ?? first)
  }
}
