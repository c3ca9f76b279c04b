import { clientName } from '#kit'
import type { Clock, Database, Log, Regions } from '#platform'
import { noteCertificateUse } from './use-store.ts'

/** Notes a use; cheap, and never waits. @param client the program as it names itself, whatever its length */
export type NoteUse = (certificateId: string, address: string | undefined, client: string | undefined) => void

/** When certificates were last used, from where and by which program: collected in memory and written together, never in a request's way. */
export interface CertificateUses {
  readonly note: NoteUse
  /** Writes what is pending in one transaction. A failure is logged, and what was pending stays so. */
  flush(): Promise<void>
}

interface Use {
  readonly at: number
  readonly address: string | undefined
  readonly client: string | undefined
}

const notedEvery = 60_000
const mostKept = 50_000

/** A certificate's use is noted at most once a minute. */
export function createCertificateUses(database: Database, clock: Clock, log: Log, regions: Regions): CertificateUses {
  /** When each was noted last; oldest first. */
  const noted = new Map<string, number>()
  let pending = new Map<string, Use>()
  let writing: Promise<void> = Promise.resolve()

  const write = async (): Promise<void> => {
    if (pending.size === 0) return
    const batch = pending
    pending = new Map()
    try {
      await database.tx(async (db) => {
        for (const [id, { at, address, client }] of batch) {
          await noteCertificateUse(db, id, { seenAt: at, address, region: regions.regionOf(address), client })
        }
      })
    } catch (error) {
      for (const [id, use] of batch) if (!pending.has(id)) pending.set(id, use)
      log.warn({ err: error, pending: pending.size }, 'uses of certificates were not written; they are tried again')
    }
  }
  return {
    note: (id, address, client) => {
      const now = clock.now()
      if (now - (noted.get(id) ?? Number.NEGATIVE_INFINITY) < notedEvery) return
      noted.delete(id)
      noted.set(id, now)
      const [oldest] = noted.size > mostKept ? noted.keys() : []
      if (oldest !== undefined) noted.delete(oldest)
      if (pending.size >= mostKept && !pending.has(id)) return
      pending.set(id, { at: now, address, client: client === undefined ? undefined : clientName(client) })
    },
    flush: () => {
      writing = writing.then(write)
      return writing
    },
  }
}
