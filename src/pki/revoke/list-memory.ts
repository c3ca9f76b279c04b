import type { Database } from '#platform'
import { findList, findListNumber, type Scope, type StoredList } from './list-store.ts'

/** All lists in memory together; the one unused longest makes room. */
const mostBytes = 32 * 1024 * 1024

export interface ListMemory {
  /** The list that is served now. While the database is away, the one that was. */
  find(authorityId: string, scope: Scope): Promise<StoredList | undefined>
}

export function createListMemory({ db }: Pick<Database, 'db'>): ListMemory {
  const kept = new Map<string, StoredList>()
  let bytes = 0

  const forget = (key: string): void => {
    bytes -= kept.get(key)?.der.length ?? 0
    kept.delete(key)
  }
  const keep = (key: string, list: StoredList): void => {
    forget(key)
    kept.set(key, list)
    bytes += list.der.length
    for (const oldest of kept.keys()) {
      if (bytes <= mostBytes || oldest === key) return
      forget(oldest)
    }
  }
  const read = async (key: string, authorityId: string, scope: Scope): Promise<StoredList | undefined> => {
    const number = await findListNumber(db, authorityId, scope)
    const before = kept.get(key)
    // asked each time, which is a thousandth of reading the list: no node serves one that another has replaced
    const list = before !== undefined && before.number === number ? before : await findList(db, authorityId, scope)
    if (list === undefined) forget(key)
    else keep(key, list)
    return list
  }
  return {
    find: async (authorityId, scope) => {
      const key = `${authorityId}/${scope}`
      try {
        return await read(key, authorityId, scope)
      } catch (error) {
        const before = kept.get(key)
        if (before === undefined) throw error
        return before
      }
    },
  }
}
