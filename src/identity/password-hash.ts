import { timingSafeEqual } from 'node:crypto'
import { createRequire } from 'node:module'
import type { Secret } from '#kit'
import { fail } from './errors.ts'
import { isHashable, normalizePassword } from './password-rule.ts'
import { createHashLanes, type HashLanes } from './passwords/hash-lanes.ts'
import { type ArgonHash, argonText, readStoredHash, type StoredHash } from './passwords/stored-hash.ts'

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane. */
export const hashCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 } as const
export type HashCost = Readonly<Record<keyof typeof hashCost, number>>
/** `Algorithm.Argon2id` and version 1.3; a const enum, which erasable syntax cannot import. */
const argon2id = { algorithm: 2, version: 1 } as const
const saltLength = 16

const load = createRequire(import.meta.url)
const argon2 = atFirstUse(() => load('@node-rs/argon2') as typeof import('@node-rs/argon2'))
const bcrypt = atFirstUse(() => load('@node-rs/bcrypt') as typeof import('@node-rs/bcrypt'))

/** Six milliseconds at the first use, against two megabytes where nobody signs in; asking `require` again is not free either. */
function atFirstUse<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

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
  /**
   * PHC string with the parameters in force. `beside` are the other hashes of the account: its passwords share one salt,
   * so that one computation tells which of them was typed; without any the salt is fresh.
   */
  hash(password: Secret, beside?: readonly string[]): Promise<string>
  /**
   * The place in `stored`, all of one account, of the hash this password gives; `undefined` when none does. One computation
   * for all hashes of one salt and cost, and one of the cost in force where there is nobody to compare with. Every
   * comparison is made, in constant time. Hashes from elsewhere or of former cost add a computation each.
   */
  verify(password: Secret, stored: readonly string[]): Promise<number | undefined>
  /** Whether a stored hash is to be made anew: of another cost, salt or kind than `hash` would make beside these. */
  isOutdated(stored: string, beside: readonly string[]): boolean
}

export interface HasherOptions {
  readonly lanes: number
  readonly queue: number
  readonly random: { bytes(length: number): Uint8Array }
  /** The cost of new hashes; only tests bring a lower one. */
  readonly cost?: HashCost
}

export function createHasher(options: HasherOptions): PasswordHasher {
  const { lanes } = options
  const queue = createQueue(createHashLanes(lanes), options)
  let admitted = 0
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

type Salted = Omit<ArgonHash, 'kind' | 'digest'> & { readonly outputLen: number }

function createQueue(inLane: HashLanes, { random, cost: lowered }: HasherOptions): HashQueue {
  const cost = { ...hashCost, ...lowered }
  const fresh = (): Salted => ({ ...cost, salt: Buffer.from(random.bytes(saltLength)) })
  const nobody = fresh()
  const isOfCost = (hash: Salted) =>
    (Object.keys(cost) as (keyof HashCost)[]).every((name) => hash[name] === cost[name])
  const saltedBeside = (beside: readonly string[]) =>
    beside.map(saltedOf).find((salted) => salted !== undefined && isOfCost(salted))
  const compute = (salted: Salted, text: string) =>
    inLane(() => argon2().hashRaw(normalizePassword(text), { ...argon2id, ...salted }))

  return {
    async hash(password, beside = []) {
      const salted = saltedBeside(beside) ?? fresh()
      return argonText({ ...salted, digest: await compute(salted, password.reveal()) })
    },
    async verify(password, stored) {
      const text = password.reveal()
      const hashable = isHashable(text)
      const groups = groupsOf(stored)
      const right: number[] = []
      if (groups.length === 0) await compute(nobody, '')
      for (const group of groups) {
        const [first] = group
        if (first === undefined) continue
        if (first.hash.kind === 'bcrypt') {
          const { text: hash } = first.hash
          // as typed: whoever made the hash knew nothing of NFKC; bcrypt reads the first 72 bytes
          if (await inLane(() => bcrypt().compare(hashable ? text : '', hash))) right.push(first.place)
          continue
        }
        const digest = await compute({ ...first.hash, outputLen: first.hash.digest.length }, hashable ? text : '')
        for (const { place, hash } of group) {
          if (hash.kind === 'argon2id' && timingSafeEqual(hash.digest, digest)) right.push(place)
        }
      }
      return hashable ? right[0] : undefined
    },
    isOutdated(stored, beside) {
      const salted = saltedOf(stored)
      if (salted === undefined || !isOfCost(salted)) return true
      const shared = saltedBeside(beside)
      return shared !== undefined && !shared.salt.equals(salted.salt)
    },
  }
}

interface Placed {
  readonly place: number
  readonly hash: StoredHash
}

/** Hashes that one computation answers for. What cannot be read matches nothing. */
function groupsOf(stored: readonly string[]): readonly (readonly Placed[])[] {
  const groups = new Map<string, Placed[]>()
  for (const [place, text] of stored.entries()) {
    const hash = readStoredHash(text)
    if (hash === undefined) continue
    const key = hash.kind === 'bcrypt' ? text : argonText({ ...hash, digest: Buffer.alloc(hash.digest.length) })
    groups.set(key, [...(groups.get(key) ?? []), { place, hash }])
  }
  return [...groups.values()]
}

function saltedOf(text: string): Salted | undefined {
  const hash = readStoredHash(text)
  if (hash?.kind !== 'argon2id') return undefined
  const { memoryCost, timeCost, parallelism, salt, digest } = hash
  return { memoryCost, timeCost, parallelism, salt, outputLen: digest.length }
}
