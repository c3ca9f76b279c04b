import type { Actor } from '#kit'
import type { Clock, Database, ProofPurpose } from '#platform'
import type { Rests } from './ended-uses.ts'
import type { Proof } from './face.ts'

const mostKept = 10_000
const notedEvery = 60_000

/** Something a token opens, as last read from the database. */
export interface Standing {
  /** Without its address. */
  readonly actor: Actor
  readonly host: string | undefined
  /** From this instant on it proves nothing. */
  readonly endsAt: number
  /** Nothing for so long, and it proves nothing; absent: never idle. */
  readonly idle: number | undefined
  readonly lastSeenAt: number
  /** It rests on something another room keeps: good only as long as nothing changed there. */
  readonly elsewhere: boolean
  /** Ids whose last use is noted with this one's. */
  readonly uses: readonly string[]
}

/** What one query says of a token. */
export interface Found {
  /** Absent: it opens nothing. */
  readonly standing: Standing | undefined
  readonly rests: Rests
}

/** Notes a use; must be cheap and never wait. */
export type NoteUse = (id: string, at: number, address: string | undefined, client: string | undefined) => void

interface Entry {
  readonly standing: Standing
  readonly epoch: number
  readonly elsewhere: number | undefined
  lastSeenAt: number
  actor: Actor
}

/**
 * Tokens to actors, remembered by the token's hash while nothing that could end them changed anywhere (`sessions`
 * epoch). The memory may only say yes: whatever it would refuse is asked of the database.
 */
export interface Proofs {
  find(
    proof: Proof,
    host: string | undefined,
    address: string | undefined,
    purpose?: ProofPurpose,
    /** As the program calls itself, for the note of the use. */
    client?: string,
  ): Actor | undefined | Promise<Actor | undefined>
}

export function createProofs(options: {
  readonly database: Database
  readonly clock: Clock
  /** One query. `standing` only for what is unended and unrevoked; times are judged here. */
  readonly read: (tokenHash: string) => Promise<Found | undefined>
  readonly note: NoteUse
  /** Told of what proves nothing now, at every try to use it. */
  readonly noteRefused: (rests: Rests, address: string | undefined) => void
  /** What standings that rest on other rooms change with. */
  readonly elsewhere: () => number
}): Proofs {
  const { database, clock, read, note, noteRefused, elsewhere } = options
  const kept = new Map<string, Entry>()

  const use = (
    entry: Entry,
    host: string | undefined,
    address: string | undefined,
    now: number,
    purpose: ProofPurpose,
    client: string | undefined,
  ) => {
    if (entry.standing.host !== host) return undefined
    if (purpose === 'use' && now - entry.lastSeenAt >= notedEvery) {
      entry.lastSeenAt = now
      for (const id of entry.standing.uses) note(id, now, address, client)
    }
    if (entry.actor.address !== address) {
      entry.actor = address === undefined ? entry.standing.actor : { ...entry.standing.actor, address }
    }
    return entry.actor
  }

  const readAgain = async (
    key: string,
    host: string | undefined,
    address: string | undefined,
    purpose: ProofPurpose,
    client: string | undefined,
  ) => {
    // taken before the read: a change made meanwhile makes the entry old at once
    const epoch = database.epoch('sessions')
    const before = elsewhere()
    const found = await read(key)
    const standing = found?.standing
    const now = clock.now()
    const seen = Math.max(standing?.lastSeenAt ?? 0, kept.get(key)?.lastSeenAt ?? 0)
    kept.delete(key)
    if (standing === undefined || !stands(standing, seen, now)) {
      if (found !== undefined && purpose === 'use') noteRefused(found.rests, address)
      return undefined
    }
    const entry: Entry = {
      standing,
      epoch,
      elsewhere: standing.elsewhere ? before : undefined,
      lastSeenAt: seen,
      actor: standing.actor,
    }
    if (kept.size >= mostKept) dropOldest(kept)
    kept.set(key, entry)
    return use(entry, host, address, now, purpose, client)
  }

  return {
    find({ hash: key }, host, address, purpose = 'use', client) {
      const entry = kept.get(key)
      const now = clock.now()
      const current =
        entry !== undefined &&
        entry.epoch === database.epoch('sessions') &&
        (entry.elsewhere === undefined || entry.elsewhere === elsewhere())
      return current && stands(entry.standing, entry.lastSeenAt, now)
        ? use(entry, host, address, now, purpose, client)
        : readAgain(key, host, address, purpose, client)
    },
  }
}

function stands(standing: Standing, lastSeenAt: number, now: number): boolean {
  return now < standing.endsAt && (standing.idle === undefined || now - lastSeenAt < standing.idle)
}

function dropOldest(kept: Map<string, Entry>): void {
  for (const key of kept.keys()) {
    kept.delete(key)
    return
  }
}
