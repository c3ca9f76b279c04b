import type { Clock, Database } from '#platform'
import type { StoredAuthority } from '../authorities/authority-store.ts'
import type { AuthoritySet, Hierarchy } from '../authorities/hierarchy.ts'
import type { StatedReason } from './reasons.ts'
import { type CertificateFacts, findStanding, type ShownCertificate, type StandingRow } from './revocation-store.ts'

/** What a certificate is worth at this moment. Only `stands` proves anything. */
export type Standing =
  | { readonly state: 'stands'; readonly certificate: CertificateFacts }
  /** `reason` is `cACompromise` where an authority above it was revoked and not the certificate itself. */
  | {
      readonly state: 'revoked'
      readonly certificate: CertificateFacts
      readonly at: number
      readonly reason: StatedReason
    }
  /** Not valid yet, or not any more. */
  | { readonly state: 'early' | 'ended'; readonly certificate: CertificateFacts }
  /** Not one of ours, whoever signed it. */
  | { readonly state: 'unknown' }

/** Asked at every use of a certificate. */
export interface Standings {
  /**
   * A plain value while nobody revoked anything since it was asked last, a promise when the database must be read; `await`
   * serves both. On other nodes a revocation is seen within a second. A database that is away rejects, which callers must
   * treat as refused. Whether the holder still stands is not asked here: that is the decision's first step.
   */
  of(shown: ShownCertificate): Standing | Promise<Standing>
}

const mostKept = 10_000

interface Kept {
  readonly epoch: number
  readonly row: StandingRow
}

const unknown: Standing = { state: 'unknown' }

export function createStandings(options: {
  readonly database: Pick<Database, 'db' | 'epoch'>
  readonly clock: Clock
  readonly hierarchy: Pick<Hierarchy, 'current'>
  readonly mostKept?: number
}): Standings {
  const { database, clock, hierarchy } = options
  const kept = new Map<string, Kept>()

  const read = async (shown: ShownCertificate): Promise<Standing> => {
    // taken before the read: what is revoked meanwhile makes the entry old at once
    const epoch = database.epoch('certificates')
    const { fingerprint } = shown
    const row = await findStanding(database.db, shown)
    kept.delete(fingerprint)
    // what is unknown is not kept: it may be issued at any moment, and made-up ones would fill the memory
    if (row === undefined) return unknown
    if (kept.size >= (options.mostKept ?? mostKept)) kept.delete(kept.keys().next().value ?? '')
    kept.set(fingerprint, { epoch, row })
    return judge(row, await hierarchy.current(), clock.now())
  }
  return {
    of: (shown) => {
      const entry = kept.get(shown.fingerprint)
      if (entry?.epoch !== database.epoch('certificates')) return read(shown)
      const authorities = hierarchy.current()
      return authorities instanceof Promise
        ? authorities.then((set) => judge(entry.row, set, clock.now()))
        : judge(entry.row, authorities, clock.now())
    },
  }
}

function judge({ facts, revoked }: StandingRow, authorities: AuthoritySet, now: number): Standing {
  const above = revokedAbove(authorities, facts.authorityId)
  if (above === 'unknown') return unknown
  if (revoked !== undefined) return { state: 'revoked', certificate: facts, ...revoked }
  if (above !== undefined) return { state: 'revoked', certificate: facts, at: above, reason: 'cACompromise' }
  if (now < facts.notBefore) return { state: 'early', certificate: facts }
  // the last instant is included (RFC 5280 §4.1.2.5), to the whole second
  if (now >= facts.notAfter + 1000) return { state: 'ended', certificate: facts }
  return { state: 'stands', certificate: facts }
}

/** When the nearest revoked authority on the way up was revoked; `undefined` when all stand. */
function revokedAbove(authorities: AuthoritySet, id: string): number | 'unknown' | undefined {
  let next: string | undefined = id
  // as many steps as there are authorities: a circle in the database must not hang a handshake
  for (let step = 0; next !== undefined && step <= authorities.all.length; step++) {
    const stored: StoredAuthority | undefined = authorities.byId(next)?.stored
    if (stored === undefined) return 'unknown'
    if (stored.revokedAt !== undefined) return stored.revokedAt
    next = stored.parentId
  }
  return undefined
}
