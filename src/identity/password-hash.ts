import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import type { Secret } from '#kit'
import { fail } from './errors.ts'
import { isHashable, normalizePassword } from './password-rule.ts'

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane. */
export const hashCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const
export type HashCost = Readonly<Record<keyof typeof hashCost, number>>
/** `Algorithm.Argon2id` and version 1.3; a const enum, which erasable syntax cannot import. */
const argon2id = { algorithm: 2, version: 1 } as const
const current = { ...argon2id, ...hashCost }

/** Loaded at the first use: six milliseconds then, against two megabytes where nobody signs in. */
const load = createRequire(import.meta.url)
const argon2 = () => load('@node-rs/argon2') as typeof import('@node-rs/argon2')

/** Hashes passwords a few at a time, so that sign-ins never take the machine from everybody else. */
export interface PasswordHasher {
  /**
   * Takes a place in the queue for as long as `work` runs; hashing inside needs it no further.
   *
   * @param known for a browser that has signed in here before: as many places again, so that a flood of strangers'
   * attempts leaves room for people
   * @throws GateError `identity.busy` (503, Retry-After) at once when the queue is full
   */
  queued<T>(work: (queue: HashQueue) => Promise<T>, known?: boolean): Promise<T>
}

export interface HashQueue {
  /** PHC string with the parameters in force and a fresh salt. */
  hash(password: Secret): Promise<string>
  /** One hash whatever is given: without `phc` (nobody there) a dummy of the same cost is compared, and the answer is false. */
  verify(password: Secret, phc: string | undefined): Promise<boolean>
  /** Whether a stored hash was made with other parameters than those in force. A foreign text counts as old. */
  isOutdated(phc: string): boolean
}

export interface HasherOptions {
  readonly lanes: number | undefined
  readonly queue: number
  readonly random: { bytes(length: number): Uint8Array }
  /** The cost of new hashes; only tests bring a lower one. */
  readonly cost?: HashCost
}

export function createHasher(options: HasherOptions): PasswordHasher {
  const cost = { ...current, ...options.cost }
  const lanes = options.lanes ?? Math.max(1, availableParallelism() - 1)
  const inLane = createLanes(lanes)
  const dummy = unanswerable(cost, options.random)
  let admitted = 0

  const queue: HashQueue = {
    hash: (password) => inLane(() => argon2().hash(normalizePassword(password.reveal()), cost)),
    async verify(password, phc) {
      const text = password.reveal()
      const against = phc === undefined || !isHashable(text) ? dummy : phc
      const right = await inLane(() => argon2().verify(against, isHashable(text) ? normalizePassword(text) : ''))
      return right && against === phc
    },
    isOutdated: (phc) => isOutdated(phc, cost),
  }
  return {
    async queued(work, known = false) {
      if (admitted >= lanes + options.queue * (known ? 2 : 1))
        throw fail('identity.busy', { headers: { 'Retry-After': '3' } })
      admitted += 1
      try {
        return await work(queue)
      } finally {
        admitted -= 1
      }
    },
  }
}

/** A random digest in PHC form: comparing with it costs what every comparison costs, and no password is known to give it. */
function unanswerable(cost: HashCost, random: HasherOptions['random']): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '')
  const parameters = `m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}`
  return `$argon2id$v=19$${parameters}$${text(random.bytes(16))}$${text(random.bytes(cost.outputLen))}`
}

function isOutdated(phc: string, wanted: typeof argon2id & HashCost): boolean {
  try {
    const kept = argon2().parseOptions(phc)
    return (Object.keys(wanted) as (keyof typeof wanted)[]).some((name) => Number(kept[name]) !== wanted[name])
  } catch {
    return true
  }
}

/** At most `count` at a time, in order of arrival. */
function createLanes(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= count) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      // the lane is handed on, not freed: nobody can slip in between
      if (next === undefined) running -= 1
      else next()
    }
  }
}
