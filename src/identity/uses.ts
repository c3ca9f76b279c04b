import { clientName } from '#kit'
import type { Database, Log, Regions } from '#platform'
import { noteCredentialUse } from './credentials/credential-store.ts'
import type { NoteUse } from './proofs.ts'
import { noteSessionUse } from './session-store.ts'

const mostPending = 50_000

/** When sessions and tokens were last used: collected in memory, written together, never in a request's way. */
export interface Uses {
  readonly note: NoteUse
  /** Writes what is pending in one transaction. A failure is logged and what was pending stays so. */
  flush(): Promise<void>
}

interface Use {
  readonly at: number
  readonly address: string | undefined
  readonly client: string | undefined
}

export function createUses(database: Database, log: Log, regions: Regions): Uses {
  let pending = new Map<string, Use>()
  let writing: Promise<void> = Promise.resolve()

  const write = async () => {
    if (pending.size === 0) return
    const batch = pending
    pending = new Map()
    try {
      await database.tx(async (db) => {
        for (const [id, { at, address, client }] of batch) {
          const use = { at, address, region: regions.regionOf(address) }
          if (id.startsWith('ses_')) await noteSessionUse(db, id, use)
          else await noteCredentialUse(db, id, { ...use, client })
        }
      })
    } catch (error) {
      for (const [id, use] of batch) if (!pending.has(id)) pending.set(id, use)
      log.warn({ err: error, pending: pending.size }, 'last uses were not written; they are tried again')
    }
  }
  return {
    note(id, at, address, client) {
      if (pending.size >= mostPending && !pending.has(id)) return
      pending.set(id, { at, address, client: client === undefined ? undefined : clientName(client) })
    },
    flush() {
      writing = writing.then(write)
      return writing
    },
  }
}
