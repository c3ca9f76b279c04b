import type { Ctx, Database, Db } from '#platform'
import { fail } from '../errors.ts'
import { allAuthorities, findActiveAuthority, type StoredAuthority } from './authority-store.ts'
import { makeIntermediate } from './intermediate.ts'
import { isOwnLine, rootLine } from './lines.ts'
import { type LiveAuthority, liveAuthority } from './live-authority.ts'
import { type AuthorityParts, addAuthority } from './root.ts'

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
    if (loading?.epoch !== epoch) loading = { epoch, set: load(epoch) }
    return loading.set
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
      if (found !== undefined) return found
      return isOwnLine(line) ? firstOf(tx, parts, await activeOf(rootLine), line) : activeOf(line)
    },
    find: async (ctx, id) => (await current()).byId(id) ?? (await readAuthorities(ctx.db, parts, known?.set)).byId(id),
  }
}

/** Made in the caller's transaction: nobody else sees it before that has committed. */
async function firstOf(ctx: Ctx, parts: AuthorityParts, root: LiveAuthority, line: string): Promise<LiveAuthority> {
  const stored = await ctx.tx(async (tx) => {
    const found = await findActiveAuthority(tx.db, line)
    if (found !== undefined) return found
    const made = makeIntermediate(tx, parts, root, { line, state: 'active' })
    await addAuthority(tx, made)
    return made
  })
  return liveAuthority(stored, [], parts.keyring)
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
  if (before !== undefined && isSame(before.stored, stored)) return before
  const parent = rows.find(({ id }) => id === stored.parentId)
  // a root certified by the one before it is reached by both ways
  return liveAuthority(stored, parent?.crossCertificate === undefined ? [] : [parent.crossCertificate], keyring)
}

function isSame(one: StoredAuthority, other: StoredAuthority): boolean {
  return (
    one.state === other.state &&
    one.revokedAt === other.revokedAt &&
    Buffer.compare(one.certificate, other.certificate) === 0 &&
    Buffer.compare(one.sealedKey ?? nothing, other.sealedKey ?? nothing) === 0
  )
}

const nothing = new Uint8Array(0)
