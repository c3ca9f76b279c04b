const hour = 3_600_000
const mostAnHour = 60
const mostKept = 50_000

/** How often one client may have certificates issued by what it holds already. */
export interface Pace {
  /** Counts one more. @returns milliseconds to wait where it was too many; 0 otherwise */
  take(client: string, now: number): number
}

/**
 * Sixty an hour: a program that renews without end, or whoever stole its key, fills no database. In memory and of this node,
 * like `failedAttempts`; the newest 50,000 clients are remembered.
 */
export function renewalPace(): Pace {
  const kept = new Map<string, { readonly since: number; readonly count: number }>()
  return {
    take: (client, now) => {
      const before = kept.get(client)
      const isCurrent = before !== undefined && now - before.since < hour
      const next = isCurrent ? { since: before.since, count: before.count + 1 } : { since: now, count: 1 }
      if (next.count > mostAnHour) return next.since + hour - now
      kept.delete(client)
      kept.set(client, next)
      const [oldest] = kept.keys()
      if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest)
      return 0
    },
  }
}
