import type { Clock, Database, Log } from '#platform'
import type { Bucket, Buckets } from './buckets.ts'
import { addUses } from './rate-store.ts'

export interface SharedRatesDeps {
  readonly database: Pick<Database, 'tx'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Pick<Log, 'warn'>
}

/** Between two reports, in milliseconds. */
const reportEveryMs = 250
/** Buckets in a report; of more the most used go first. */
const mostInReport = 1_000

/**
 * Rate limits that hold over all nodes of a database, without a question on the way of a request: each node counts for
 * itself, and every 250 ms tells in one statement what was taken and learns what the others took.
 *
 * So a caller that uses several nodes at once may get ahead, by at most a bucket's depth and what the rate gives in the time
 * between reports, for each node but one; once, however long it goes on: what was too much is owed, and nothing more is
 * given until it is paid back. While the database is away every node counts for itself.
 */
export class SharedRates {
  readonly #deps: SharedRatesDeps
  readonly #buckets: Buckets
  #timer: NodeJS.Timeout | undefined
  #reporting: Promise<void> | undefined
  #away = false

  constructor(deps: SharedRatesDeps, buckets: Buckets) {
    this.#deps = deps
    this.#buckets = buckets
  }

  start(): void {
    this.#timer = setInterval(() => void this.report(), reportEveryMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.report()
  }

  /** One report; never rejects. While one is on its way another joins it. */
  report(): Promise<void> {
    this.#reporting ??= this.#report().finally(() => {
      this.#reporting = undefined
    })
    return this.#reporting
  }

  async #report(): Promise<void> {
    const buckets = this.#buckets.takeListed(mostInReport)
    if (buckets.length === 0) return
    const { database, clock, log } = this.#deps
    const asked = clock.monotonic()
    const sent = buckets.map((bucket) => sending(bucket, asked))
    try {
      const left = await database.tx((db) => addUses(db, sent))
      for (const bucket of buckets) learn(bucket, asked, left.get(bucket.name) ?? 0)
      this.#away = false
    } catch (error) {
      for (const [place, bucket] of buckets.entries()) {
        const { uses = 0, since = asked } = sent[place] ?? {}
        this.#buckets.putBack(bucket, uses, since)
      }
      if (!this.#away) log.warn({ error }, 'rate limits are counted by this node alone: the database is away')
      this.#away = true
    }
  }
}

function sending(bucket: Bucket, asked: number) {
  const { name, unsent: uses, unsentSince: since, intervalMs } = bucket
  bucket.unsent = 0
  return { name, uses, since, cost: Math.round(uses * intervalMs * 1_000), age: Math.round((asked - since) * 1_000) }
}

/** What the others took moves a bucket's filling back; what this node knows itself is never less than true. */
function learn(bucket: Bucket, asked: number, leftUs: number): void {
  const unsaid = bucket.unsent * bucket.intervalMs
  bucket.fullAt = Math.max(bucket.fullAt, asked + leftUs / 1_000 + unsaid)
}
