import type { Ctx, Database, Db } from '#platform'
import { fail } from '../errors.ts'
import { allAuthorities, findActiveAuthority, type StoredAuthority } from './authority-store.ts'
import { isOwnLine, type OwnLine, rootLine } from './lines.ts'
import { alone, type LiveAuthority, liveAuthority, type Surroundings } from './live-authority.ts'
import type { AuthorityParts } from './root.ts'
import { succeed } from './succession.ts'

/** Every authority at one moment. */
export interface AuthoritySet {
  /** Oldest first. */
  readonly all: readonly LiveAuthority[]
  byId(id: string): LiveAuthority | undefined
  /** The one that issues for a line. */
  active(line: string): LiveAuthority | undefined
}

/**
 * The authorities in memory, valid as long as nobody touched `authorities`. On several nodes a change is seen within a
 * second: whoever retires an authority finds what was issued meanwhile as trusted as the rest of what it issued.
 */
export interface Hierarchy {
  current(): AuthoritySet | Promise<AuthoritySet>
  /** The active root. @throws GateError `pki.no-issuer` */
  root(): Promise<LiveAuthority>
  /**
   * Who issues for a line, for use in the transaction of `tx`. The lines Gatehouse itself needs get their first authority
   * here, signed by the active root.
   *
   * @throws GateError `pki.no-issuer` for a line without one; those of `makeIntermediate`
   */
  issuer(tx: Ctx, line: string): Promise<LiveAuthority>
  /** By id; one made in the transaction of `ctx` is found too. */
  find(ctx: Ctx, id: string): Promise<LiveAuthority | undefined>
}

export function createHierarchy(database: Pick<Database, 'db' | 'epoch'>, parts: AuthorityParts): Hierarchy {
  let known: { readonly epoch: number; readonly set: AuthoritySet } | undefined
  let loading: { readonly epoch: number; readonly set: Promise<AuthoritySet> } | undefined

  const load = async (epoch: number): Promise<AuthoritySet> => {
    const set = await readAuthorities(database.db, parts, known?.set)
    known = { epoch, set }
    return set
  }
  const current = (): AuthoritySet | Promise<AuthoritySet> => {
    // read before the load: a change during it makes the next call load again
    const epoch = database.epoch('authorities')
    if (known?.epoch === epoch) return known.set
    if (loading?.epoch === epoch) return loading.set
    const set = load(epoch).finally(() => {
      // one that failed must not answer for as long as nobody touches `authorities`
      if (loading?.set === set) loading = undefined
    })
    loading = { epoch, set }
    return set
  }
  const activeOf = async (line: string): Promise<LiveAuthority> => {
    const found = (await current()).active(line)
    if (found === undefined) throw fail('pki.no-issuer', { fields: { line } })
    return found
  }
  return {
    current,
    root: () => activeOf(rootLine),
    issuer: async (tx, line) => {
      const found = (await current()).active(line)
      if (found !== undefined && tx.now < found.facts.notAfter) return found
      return isOwnLine(line) ? nextOf(tx, parts, line) : activeOf(line)
    },
    find: async (ctx, id) => (await current()).byId(id) ?? (await readAuthorities(ctx.db, parts, known?.set)).byId(id),
  }
}

/**
 * The active one of an own line, made when there is none and replaced when it has ended; in the caller's transaction, so
 * nobody else sees it before that has committed.
 */
async function nextOf(ctx: Ctx, parts: AuthorityParts, line: OwnLine): Promise<LiveAuthority> {
  const stored = await ctx.tx(async (tx) => {
    const found = await findActiveAuthority(tx.db, line)
    return found !== undefined && tx.now < alone(found, parts).facts.notAfter ? found : succeed(tx, parts, line, found)
  })
  return alone(stored, parts)
}

/** What did not change keeps its opened key. */
async function readAuthorities(
  db: Db,
  { keyring }: AuthorityParts,
  before: AuthoritySet | undefined,
): Promise<AuthoritySet> {
  const rows = await allAuthorities(db)
  const byId = new Map(rows.map((row) => [row.id, liveOf(row, rows, keyring, before?.byId(row.id))]))
  const all = [...byId.values()]
  const active = new Map(all.filter(({ stored }) => stored.state === 'active').map((one) => [one.stored.line, one]))
  return { all, byId: (id) => byId.get(id), active: (line) => active.get(line) }
}

function liveOf(
  stored: StoredAuthority,
  rows: readonly StoredAuthority[],
  keyring: AuthorityParts['keyring'],
  before: LiveAuthority | undefined,
): LiveAuthority {
  const surroundings = surroundingsOf(stored, rows)
  if (before !== undefined && isSame(before, stored, surroundings)) return before
  return liveAuthority(stored, surroundings, keyring)
}

/** The chain above it and whether all of it stands. As many steps as there are rows: a circle must not hang a handshake. */
function surroundingsOf(stored: StoredAuthority, rows: readonly StoredAuthority[]): Surroundings {
  const above: Uint8Array[] = []
  let { revokedAt, parentId } = stored
  for (let step = 0; parentId !== undefined && step < rows.length; step++) {
    const parent = rows.find(({ id }) => id === parentId)
    if (parent === undefined) break
    revokedAt ??= parent.revokedAt
    if (parent.kind === 'intermediate') above.push(parent.certificate)
    // a root certified by the one before it is reached by both ways
    else if (parent.crossCertificate !== undefined) above.push(parent.crossCertificate)
    parentId = parent.parentId
  }
  return { above, revokedAt }
}

function isSame(before: LiveAuthority, stored: StoredAuthority, { above, revokedAt }: Surroundings): boolean {
  const one = before.stored
  return (
    one.state === stored.state &&
    one.revokedAt === stored.revokedAt &&
    one.exported?.digest === stored.exported?.digest &&
    before.revokedAt === revokedAt &&
    isEqual(one.certificate, stored.certificate) &&
    isEqual(one.crossCertificate, stored.crossCertificate) &&
    isEqual(one.sealedKey, stored.sealedKey) &&
    (stored.kind === 'root' || isEqual(Buffer.concat(before.chain.slice(1)), Buffer.concat(above)))
  )
}

function isEqual(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Buffer.compare(one, other) === 0
}
