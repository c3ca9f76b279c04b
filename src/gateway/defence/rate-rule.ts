/** How often a route may be used, as the operator wrote it. */
export interface RateSettings {
  readonly requests: number
  readonly perSeconds: number
  /** How many may come at once after a pause; absent: `requests`. */
  readonly burst: number | null
  /** Whose requests are counted together: a principal's, strangers by address; or an address's, whoever comes from it. */
  readonly by: 'principal' | 'address'
}

/** A route's limit, ready to be asked. Times in milliseconds. */
export interface RateRule {
  /** The route's: buckets of one route are nobody else's, and stay when the route is changed. */
  readonly routeId: string
  readonly by: RateSettings['by']
  /** After this one more request is given back. */
  readonly intervalMs: number
  /** From an empty bucket to a full one. */
  readonly depthMs: number
  /** `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): the same on every answer of the route. */
  readonly policy: string
}

export function rateRuleOf(routeId: string, settings: RateSettings): RateRule {
  const { requests, perSeconds, by } = settings
  const burst = settings.burst ?? requests
  const intervalMs = (perSeconds * 1_000) / requests
  const more = burst === requests ? '' : `;gatehouse-burst=${burst}`
  return {
    routeId,
    by,
    intervalMs,
    depthMs: intervalMs * burst,
    policy: `"default";q=${requests};w=${perSeconds}${more}`,
  }
}

/** What became of one request. */
export interface Taken {
  readonly allowed: boolean
  /** Requests that may still come at once. */
  readonly remaining: number
  /** Until one more than `remaining` may come. */
  readonly nextMs: number
}

/**
 * The fields of an answer: `RateLimit` with what is left (`r`) and the whole seconds until one more is given back (`t`,
 * the same moment as in `Retry-After`), `RateLimit-Policy` with the limit itself.
 */
export function rateHeaders(rule: RateRule, taken: Taken): string[] {
  const seconds = wholeSeconds(taken.nextMs)
  const limit = `"default";r=${taken.remaining};t=${seconds}`
  const headers = ['ratelimit-policy', rule.policy, 'ratelimit', limit]
  if (!taken.allowed) headers.push('retry-after', String(seconds))
  return headers
}

/** Never too few: who comes back then is let in. */
export function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000))
}
