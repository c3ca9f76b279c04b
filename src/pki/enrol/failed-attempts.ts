import { addressNetwork } from '#kit'

/** Milliseconds. */
const rule = { free: 30, first: 1_000, longest: 15 * 60_000, forget: 2 * 60_000 } as const
const mostKept = 10_000

interface Kept {
  readonly attempts: number
  readonly until: number
  /** Up to when forgetting has been accounted for. */
  readonly settledAt: number
}

/** Slows those who try secrets. Times in milliseconds. */
export interface FailedAttempts {
  /** How long nothing is looked at from there any more; 0: it is. */
  delayOf(address: string | undefined, now: number): number
  count(address: string | undefined, now: number): void
}

/**
 * Thirty wrong secrets from one network (an IPv4 address, an IPv6 /64) are free, then each doubles the delay, from a second
 * to fifteen minutes; one is forgotten every two minutes. In memory and of this node: a secret has 256 bits, so what is
 * held off is work, not luck, and a flood must not become a flood of writes. The newest 10,000 networks are remembered.
 */
export function failedAttempts(): FailedAttempts {
  const kept = new Map<string, Kept>()
  return {
    delayOf: (address, now) => Math.max(0, (kept.get(networkOf(address))?.until ?? 0) - now),
    count: (address, now) => {
      const network = networkOf(address)
      const before = settled(kept.get(network), now)
      const attempts = before.attempts + 1
      const beyond = attempts - rule.free
      const delay = beyond < 0 ? 0 : Math.min(rule.longest, rule.first * 2 ** Math.min(beyond, 30))
      // deleted first, so that the order of the map is that of the last attempts
      kept.delete(network)
      kept.set(network, { attempts, until: now + delay, settledAt: before.settledAt })
      const [oldest] = kept.keys()
      if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest)
    },
  }
}

function settled(before: Kept | undefined, now: number): Pick<Kept, 'attempts' | 'settledAt'> {
  if (before === undefined) return { attempts: 0, settledAt: now }
  const spans = Math.max(0, Math.floor((now - before.settledAt) / rule.forget))
  const attempts = Math.max(0, before.attempts - spans)
  return { attempts, settledAt: attempts === 0 ? now : before.settledAt + spans * rule.forget }
}

function networkOf(address: string | undefined): string {
  return address === undefined ? 'local' : addressNetwork(address)
}
