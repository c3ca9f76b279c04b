import type { Ctx, Log } from '#platform'
import { profileLives } from '../issue/profile-store.ts'
import { type ExtendedKeyUsage, extendedKeyUsageIds } from '../x509/extensions.ts'
import type { AuthorityCertificate } from './authority-certificate.ts'
import type { AuthorityScope } from './authority-profiles.ts'
import { findActiveAuthority } from './authority-store.ts'
import type { AuthoritySet, Hierarchy } from './hierarchy.ts'
import { makeIntermediate } from './intermediate.ts'
import { rootLine } from './lines.ts'
import { alone, type LiveAuthority } from './live-authority.ts'
import { type AuthorityParts, addAuthority } from './root.ts'
import { findSuccessor, takeOver } from './succession.ts'

const day = 86_400_000

/** How long the longest certificate of a line lives by the profiles that are built in: its authority must outlive each it issues. */
const longest: Readonly<Record<string, number>> = { servers: 90 * day }
const longestOfOthers = 366 * day
/** The longest life among the operator's profiles, by line. */
export type ProfileLives = ReadonlyMap<string, number>
/** A successor is made this much before the active one is too short-lived for a whole certificate. */
const overlap = 30 * day
/** It is published so long before it issues, so that whoever keeps a list of authorities has it by then. */
const publishedFor = 7 * day
/** A new root needs people: they are told half a year before lines begin to run short. */
const rootNotice = overlap + 183 * day

/** What stands in the way of a line going on by itself. */
export interface Shortfall {
  readonly line: string
  readonly name: string
  readonly notAfter: number
  /**
   * - `root-offline`: a successor is due and the root's key is elsewhere.
   * - `root-ends`: the root has too little life left for a successor, or needs one itself.
   * - `foreign`: a successor is due, and only who signed this one elsewhere can sign it.
   * - `former-root`: it issues under a root that was rolled over.
   */
  readonly reason: 'root-offline' | 'root-ends' | 'foreign' | 'former-root'
}

/** What needs a person, most pressing first. Pure. */
export function shortfalls(set: AuthoritySet, now: number, lives: ProfileLives): readonly Shortfall[] {
  const root = set.active(rootLine)
  const lines = set.all.filter(({ stored }) => stored.state === 'active' && stored.line !== rootLine)
  const told = lines.flatMap((active) => {
    const reason = reasonFor(set, active, root, now, lives)
    return reason === undefined ? [] : [shortfallOf(active, reason)]
  })
  const rootEnds =
    root !== undefined &&
    root.facts.notAfter - now <
      Math.max(longestOfOthers, ...lines.map((one) => countedLife(one, lives))) + rootNotice &&
    !hasLongerStandby(set, root)
  return [...told, ...(rootEnds ? [shortfallOf(root, 'root-ends')] : [])].toSorted((a, b) => a.notAfter - b.notAfter)
}

function shortfallOf({ stored, facts }: LiveAuthority, reason: Shortfall['reason']): Shortfall {
  return { line: stored.line, name: stored.name, notAfter: facts.notAfter, reason }
}

function reasonFor(
  set: AuthoritySet,
  active: LiveAuthority,
  root: LiveAuthority | undefined,
  now: number,
  lives: ProfileLives,
): Shortfall['reason'] | undefined {
  if (!isDue(active, now, lives) || hasLongerStandby(set, active)) {
    const parent = active.stored.parentId === undefined ? undefined : set.byId(active.stored.parentId)
    const isFormer = parent?.stored.sealedKey !== undefined && parent.stored.state === 'retired'
    return isFormer && !hasLongerStandby(set, active) ? 'former-root' : undefined
  }
  if (!isOurs(set, active)) return 'foreign'
  if (root === undefined || root.stored.sealedKey === undefined) return 'root-offline'
  return isWorthMaking(active, root) ? undefined : 'root-ends'
}

function isDue(active: LiveAuthority, now: number, lives: ProfileLives): boolean {
  return active.facts.notAfter - now < countedLife(active, lives) + overlap
}

/**
 * The longest life of what an authority issues. At most half its own: a profile that lives longer gets certificates that
 * end with their authority, and would otherwise have its line roll over without end.
 */
function countedLife({ stored, facts }: LiveAuthority, lives: ProfileLives): number {
  const wanted = Math.max(longest[stored.line] ?? longestOfOthers, lives.get(stored.line) ?? 0)
  return Math.min(wanted, (facts.notAfter - facts.notBefore) / 2)
}

function hasLongerStandby(set: AuthoritySet, { stored, facts }: LiveAuthority): boolean {
  return set.all.some(
    (one) =>
      one.stored.line === stored.line &&
      one.stored.state === 'standby' &&
      one.revokedAt === undefined &&
      one.facts.notAfter > facts.notAfter,
  )
}

/** Signed by a root of ours, now or once: our present root may sign its successor. */
function isOurs(set: AuthoritySet, { stored }: LiveAuthority): boolean {
  const parent = stored.parentId === undefined ? undefined : set.byId(stored.parentId)
  return (
    parent?.stored.kind === 'root' &&
    (parent.stored.state === 'active' || parent.stored.exported !== undefined || parent.stored.sealedKey !== undefined)
  )
}

/** A successor never outlives its root: one that ends with the present one changes nothing. */
function isWorthMaking(active: LiveAuthority, root: LiveAuthority): boolean {
  return root.facts.notAfter > active.facts.notAfter + overlap
}

/**
 * Makes a standby for every line whose active authority is about to be too short-lived, and activates it once it has been
 * published for a week. What cannot be done is logged each day.
 *
 * @returns what needs a person
 */
export async function rollDue(
  ctx: Ctx,
  parts: AuthorityParts & { readonly log: Log },
  hierarchy: Pick<Hierarchy, 'current'>,
): Promise<readonly Shortfall[]> {
  const set = await hierarchy.current()
  const lives = await profileLives(ctx.db)
  const due = set.all.filter(
    (one) => one.stored.state === 'active' && one.stored.line !== rootLine && isDue(one, ctx.now, lives),
  )
  for (const active of due) {
    try {
      await rollLine(ctx, parts, set, active)
    } catch (err) {
      parts.log.error({ line: active.stored.line, err }, 'a line of authorities was not rolled over')
    }
  }
  const open = shortfalls(await hierarchy.current(), ctx.now, lives)
  for (const { line, name, notAfter, reason } of open) {
    parts.log.warn(
      { line, name, until: new Date(notAfter).toISOString(), reason },
      'a line of authorities needs a person',
    )
  }
  return open
}

async function rollLine(ctx: Ctx, parts: AuthorityParts, set: AuthoritySet, active: LiveAuthority): Promise<void> {
  const { line } = active.stored
  await ctx.tx(async (tx) => {
    // another node may have been first
    const present = await findActiveAuthority(tx.db, line)
    if (present?.id !== active.stored.id) return
    const standby = await findSuccessor(tx, parts, line)
    if (standby !== undefined && alone(standby, parts).facts.notAfter > active.facts.notAfter) {
      const isPublished = standby.createdAt + publishedFor <= tx.now || tx.now >= active.facts.notAfter
      if (isPublished) await takeOver(tx, parts, standby, present)
      return
    }
    const root = await findActiveAuthority(tx.db, rootLine)
    const scope = scopeOfCertificate(active.certificate)
    if (root?.sealedKey === undefined || scope === undefined || !isOurs(set, active)) return
    const live = alone(root, parts)
    if (!isWorthMaking(active, live)) return
    await addAuthority(tx, makeIntermediate(tx, parts, live, { line, state: 'standby', scope }))
  })
}

const purposeNames = new Map(
  Object.entries(extendedKeyUsageIds).map(([name, id]) => [id as string, name as ExtendedKeyUsage]),
)

/** What an authority may issue, read from its certificate; `undefined` where that cannot be written again as it stands. */
function scopeOfCertificate({ purposes, nameConstraints }: AuthorityCertificate): AuthorityScope | undefined {
  const known = (purposes ?? []).map((id) => purposeNames.get(id))
  if (!known.every((name) => name !== undefined)) return undefined
  return { purposes: known, names: nameConstraints }
}
