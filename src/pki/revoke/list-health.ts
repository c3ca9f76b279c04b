import type { Db } from '#platform'
import type { AuthoritySet } from '../authorities/hierarchy.ts'
import { listLifeOf } from './list-making.ts'
import { allListHeads } from './list-store.ts'

/** An authority made just now has no lists before the job has run. */
const firstListsWithin = 3_600_000

/** Lists that nobody makes anew, told while most of a week is left to do something. */
export interface ListTrouble {
  readonly authorityId: string
  readonly name: string
  /** The key is elsewhere: nobody here can make them. */
  readonly offline: boolean
  /** When whoever needs them is locked out; `undefined` where there never was one. */
  readonly endsAt: number | undefined
}

export interface ListHealth {
  readonly troubles: readonly ListTrouble[]
  /** The first end of all lists. */
  readonly firstEnd: number | undefined
}

/**
 * Lists are made anew at half their life. What has less than three sevenths of it left (three days of a week, 38 of a
 * root's 90) was not, for whatever reason.
 */
export async function listHealth(db: Db, set: AuthoritySet, now: number): Promise<ListHealth> {
  const heads = Map.groupBy(await allListHeads(db), ({ authorityId }) => authorityId)
  const troubles: ListTrouble[] = []
  let firstEnd: number | undefined
  for (const authority of set.all) {
    const { stored, facts } = authority
    // what has ended proves nothing any more, whatever lists say
    if (now >= facts.notAfter) continue
    const own = heads.get(stored.id) ?? []
    const endsAt = own.length === 0 ? undefined : Math.min(...own.map(({ nextUpdate }) => nextUpdate))
    // one signed elsewhere lasts as long as it says
    const life = Math.min(listLifeOf(authority), ...own.map(({ nextUpdate, thisUpdate }) => nextUpdate - thisUpdate))
    if (endsAt !== undefined) firstEnd = Math.min(firstEnd ?? endsAt, endsAt)
    const isLate = endsAt === undefined ? now - stored.createdAt > firstListsWithin : endsAt - now < (life * 3) / 7
    if (isLate) {
      troubles.push({ authorityId: stored.id, name: stored.name, offline: stored.sealedKey === undefined, endsAt })
    }
  }
  return { troubles, firstEnd }
}
