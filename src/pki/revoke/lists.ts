import { X509Certificate } from 'node:crypto'
import type { Clock, Ctx, Database, Log } from '#platform'
import type { Hierarchy } from '../authorities/hierarchy.ts'
import type { LiveAuthority } from '../authorities/live-authority.ts'
import { shards } from './distribution.ts'
import { listLifeOf, makeLists } from './list-making.ts'
import { createListMemory } from './list-memory.ts'
import {
  allListHeads,
  authoritiesWithUnlisted,
  distributionAddresses,
  dropEnded,
  findListNumber,
  type ListHead,
  noteDistribution,
  type Scope,
  type StoredList,
} from './list-store.ts'
import { reasonOf } from './reasons.ts'
import { isListed, listRevocations, type Revocation } from './revocation-store.ts'

const day = 86_400_000
/** A revocation stays on lists this long after its certificate's end, longer than any list lasts (RFC 5280 §5.2.4). */
const keptAfterEnd = 100 * day
/** Making lists takes at most one part of this many of the time, however often something is revoked. */
const restShare = 20
const shortestRest = 1000
/** How often lists are made before the next job is waited for. */
const mostTries = 3

export interface ListParts {
  readonly database: Pick<Database, 'db' | 'tx'>
  readonly clock: Clock
  readonly log: Log
  readonly hierarchy: Hierarchy
  /** `PkiSettings.distribution` */
  readonly distribution: () => string | undefined
  /** Told of every failure. */
  readonly failed: () => void
}

export interface RevocationLists {
  /** Something was revoked: makes the lists that say so, at once or shortly after. */
  catchUp(): Promise<void>
  /** Makes whatever is due: never made, half its life over, behind. Failures are logged, and the former lists stay. */
  makeDue(ctx: Ctx): Promise<void>
  /** What is served now; made where it never was. */
  find(authorityId: string, scope: Scope): Promise<StoredList | undefined>
  /** Waits for what is under way. */
  settle(): Promise<void>
}

export function createLists(parts: ListParts): RevocationLists {
  const { database, clock, log, hierarchy } = parts
  const memory = createListMemory(database)
  /** When an authority's lists may be made again, by the monotonic clock. */
  const restingUntil = new Map<string, number>()
  let running: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  const make = async (authority: LiveAuthority, all: boolean): Promise<void> => {
    const began = clock.monotonic()
    try {
      const addresses = await addressesOf(parts)
      if (addresses.length === 0) return
      let made: number | undefined
      // where another node's came first, what only this one knew of stands in none yet
      for (let tries = 0; made === undefined && tries < mostTries; tries++) {
        made = await makeLists(database, { authority, all, now: clock.now(), addresses })
      }
    } catch (err) {
      parts.failed()
      log.error({ authority: authority.stored.id, err }, 'revocation lists were not made; the former ones stay')
    }
    const took = clock.monotonic() - began
    restingUntil.set(authority.stored.id, clock.monotonic() + Math.max(shortestRest, took * restShare))
  }
  /** One after the other: two at once would do the same twice. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = running.then(work)
    running = turn.catch(() => undefined)
    return turn
  }
  const later = (ms: number): void => {
    if (timer !== undefined) return
    timer = setTimeout(() => {
      timer = undefined
      catchUp().catch((err: unknown) => log.warn({ err }, 'revocation lists were not made; the next job does'))
    }, ms)
    timer.unref()
  }
  const catchUp = (): Promise<void> =>
    inTurn(async () => {
      const set = await hierarchy.current()
      for (const id of await authoritiesWithUnlisted(database.db)) {
        const authority = set.byId(id)
        if (authority === undefined || !signsLists(authority, clock.now())) continue
        const wait = (restingUntil.get(id) ?? 0) - clock.monotonic()
        if (wait > 0) later(wait)
        else await make(authority, false)
      }
    })
  return {
    catchUp,
    makeDue: (ctx) =>
      inTurn(async () => {
        await listRevokedAuthorities(ctx, hierarchy)
        const moved = await noteAddress(ctx, parts.distribution())
        const heads = await allListHeads(ctx.db)
        for (const authority of (await hierarchy.current()).all) {
          if (ctx.signal.aborted) return
          if (signsLists(authority, ctx.now) && (moved || isDue(authority, heads, ctx.now))) await make(authority, true)
        }
        await ctx.tx((tx) => dropEnded(tx.db, tx.now - keptAfterEnd))
      }).then(catchUp),
    find: async (authorityId, scope) => {
      const found = await memory.find(authorityId, scope)
      if (found !== undefined) return found
      const authority = (await hierarchy.current()).byId(authorityId)
      if (authority === undefined || !signsLists(authority, clock.now())) return undefined
      await inTurn(async () => {
        if ((await findListNumber(database.db, authorityId, scope)) === undefined) await make(authority, true)
      })
      return memory.find(authorityId, scope)
    },
    settle: async () => {
      clearTimeout(timer)
      await running
    },
  }
}

/** Whether an authority signs lists: its key is here, and its certificate lasts. */
function signsLists({ stored, facts }: LiveAuthority, now: number): boolean {
  return stored.sealedKey !== undefined && now < facts.notAfter
}

/** Half of a life is left to find out why lists are not made, and to do something about it. */
function isDue(authority: LiveAuthority, heads: readonly ListHead[], now: number): boolean {
  const own = heads.filter(({ authorityId }) => authorityId === authority.stored.id)
  const half = listLifeOf(authority) / 2
  return own.length < shards.length + 2 || own.some(({ nextUpdate }) => nextUpdate - now < half)
}

/** Addresses lists were ever under, today's first: what was issued before a change names the former. */
async function addressesOf({ database, distribution }: ListParts): Promise<readonly string[]> {
  const current = distribution()
  const known = await distributionAddresses(database.db)
  return current === undefined ? known : [current, ...known.filter((address) => address !== current)]
}

/** @returns whether certificates name another address from now on than before */
async function noteAddress(ctx: Ctx, address: string | undefined): Promise<boolean> {
  if (address === undefined || (await distributionAddresses(ctx.db))[0] === address) return false
  await ctx.tx((tx) => noteDistribution(tx.db, address, tx.now))
  return true
}

/** Puts revoked authorities on the lists of those above them. */
async function listRevokedAuthorities(ctx: Ctx, hierarchy: Hierarchy): Promise<void> {
  const set = await hierarchy.current()
  const missing: Revocation[] = []
  for (const { stored, facts } of set.all) {
    const { parentId, revokedAt } = stored
    if (revokedAt === undefined || parentId === undefined || set.byId(parentId) === undefined) continue
    const serial = serialOf(stored.certificate)
    if (await isListed(ctx.db, parentId, serial)) continue
    missing.push({
      authorityId: parentId,
      serial,
      revokedAt,
      reason: reasonOf(stored.revocationReason ?? null),
      notAfter: facts.notAfter,
    })
  }
  if (missing.length > 0) await ctx.tx((tx) => listRevocations(tx.db, missing))
}

/** In lower-case hex, as the database holds serial numbers. */
function serialOf(certificate: Uint8Array): string {
  return new X509Certificate(certificate).serialNumber.toLowerCase()
}
