import { type Actor, type PermissionPattern, parsePattern } from '#kit'
import {
  type Ctx,
  type CursorPosition,
  decodeCursor,
  encodeCursor,
  type Kernel,
  type Keyring,
  Refused,
} from '#platform'
import { principalOf } from './chain.ts'
import type { Decisions } from './decisions.ts'
import type { EachQuestion, Thing } from './each.ts'
import type { Facts, PrincipalFacts } from './facts.ts'
import type { OpenAccess } from './open.ts'
import { type Reach, reachOf } from './policy-plan.ts'

/** A list whose rows are shown only to those who may read each. */
export interface ListSpec<Row> {
  /** `accounts:read`: asked of each row with the row's id. */
  readonly permission: string
  /** The list's name and filters, which its cursors are bound to; the caller is added. */
  readonly query: readonly (string | number | boolean | null)[]
  readonly limit: number
  readonly cursor?: string | undefined
  readonly keyring: Keyring
  /**
   * The next rows in the list's order, at most `limit`.
   *
   * @param only where not absent, rows of other ids need not be read: the caller may see none of them
   */
  readonly read: (
    after: CursorPosition | undefined,
    limit: number,
    only: readonly string[] | undefined,
  ) => Promise<readonly Row[]>
  /** What a row is asked about. */
  readonly thing: (row: Row) => Thing
  /** Where the list goes on after a row. */
  readonly position: (row: Row) => CursorPosition
}

export interface Listed<Row> {
  readonly items: readonly Row[]
  /** `null`: the list is complete. A page may be short, even empty, and yet go on. */
  readonly next: string | null
}

/** At most this many rows are looked at for one page; the next page goes on from there. */
export const maxScanned = 2_000
/** Named things are looked up by id as long as there are no more of them. */
export const maxNamed = 500

/** What lists and searches work with. */
export type Reading = Pick<OpenAccess, 'decisions' | 'loader' | 'vocabulary'>

/**
 * One page of what the actor may read, in the list's order, by the same decision as one by one. Complete: a row is left
 * out only because it is refused, and `next` is `null` only after the last.
 *
 * @throws GateError `platform.bad-cursor` for a cursor of another list, filter or caller
 * @throws Refused where the actor may read neither the whole nor could be allowed any single thing; that is journalled
 */
export async function listPermitted<Row>(
  access: Reading,
  journal: Kernel['journal'],
  ctx: Ctx,
  spec: ListSpec<Row>,
): Promise<Listed<Row>> {
  const [type = '', action = ''] = spec.permission.split(':')
  let after = decodeCursor(spec.keyring, ctx.actor, spec.query, spec.cursor)
  const paths = access.vocabulary().types.get(type)?.ids === 'path'
  const asked: EachQuestion = { actor: ctx.actor, type, action, paths, now: ctx.now }
  const within = await reachable(access, ctx, asked)
  if (within?.length === 0) await requireWhole(access.decisions, journal, ctx, spec.permission)
  const items: Row[] = []
  for (let scanned = 0; ; ) {
    const size = Math.max(spec.limit - items.length + 1, 50)
    const rows = within?.length === 0 ? [] : await spec.read(after, size, within)
    const allowed = await access.decisions.decideEach(asked, rows.map(spec.thing))
    for (const [index, row] of rows.entries()) {
      scanned += 1
      if (allowed[index] === true) items.push(row)
      const isLast = index === rows.length - 1 && rows.length < size
      if (!isLast && (items.length === spec.limit || scanned === maxScanned)) {
        return { items, next: encodeCursor(spec.keyring, ctx.actor, spec.query, spec.position(row)) }
      }
      after = spec.position(row)
    }
    if (rows.length < size) return { items, next: null }
  }
}

/**
 * The ids of everything the actor could be allowed, if these are few and known; `undefined`: only asking tells. Nothing
 * outside can be permitted: not by policies, and not through what the actor came with.
 */
export async function reachable(
  access: Reading,
  ctx: Pick<Ctx, 'db'>,
  asked: EachQuestion,
): Promise<readonly string[] | undefined> {
  const { type, action, actor } = asked
  const found = await access.decisions.withFacts(asked.now, (facts) => reachIn(facts, asked))
  if (found === undefined) return []
  const limits = limitsOf(actor).map((patterns) => idsOf(patterns, asked))
  const parts: (readonly string[] | undefined)[] = []
  if (found.reach.anything) parts.push(undefined)
  else {
    parts.push(found.reach.ids)
    if (found.reach.held) parts.push(found.heldIds)
    if (found.reach.related) parts.push(await relatedIds(access, ctx, type, found.principal))
  }
  const wide = parts.some((part) => part === undefined)
  const named = wide ? undefined : [...new Set(parts.flatMap((part) => part ?? []))]
  const within = [named, ...limits].filter((ids) => ids !== undefined)
  const [first, ...others] = within
  if (first === undefined) return undefined
  const ids = first.filter((id) => others.every((other) => other.includes(id)))
  return ids.length > maxNamed || !knows(access, type, action) ? undefined : ids
}

function knows(access: Reading, type: string, action: string): boolean {
  return Object.hasOwn(access.vocabulary().types.get(type)?.actions ?? {}, action)
}

interface Reached {
  readonly principal: PrincipalFacts
  readonly reach: Reach
  readonly heldIds: readonly string[] | undefined
}

function reachIn(facts: Facts, asked: EachQuestion): Reached | undefined {
  const { actor, type, action } = asked
  const principal = principalOf({ ...asked, permission: undefined, resource: undefined }, facts)
  const engine = facts.engine()
  const grant = actor.grant === undefined ? undefined : facts.grant(actor.grant.id)
  if (principal === null || engine === null || engine === undefined) return undefined
  const sources =
    actor.grant === undefined ? [...principal.roles, ...principal.grants.all] : [grant].filter((one) => one != null)
  const heldIds = idsOf(
    sources.flatMap(({ patterns }) => patterns),
    asked,
  )
  return { principal, reach: reachOf(engine.policies, principal, `${type}:${action}`), heldIds }
}

/** What credential and app let through at most. */
function limitsOf({ credential, app }: Actor): readonly (readonly PermissionPattern[])[] {
  return [credential?.permissions, app?.permissions]
    .filter((texts) => texts !== undefined)
    .map((texts) => texts.flatMap((text) => parsePattern(text) ?? []))
}

/** The ids named by patterns; `undefined` where one covers more than it names. */
function idsOf(
  patterns: readonly PermissionPattern[],
  { type, action, paths }: EachQuestion,
): readonly string[] | undefined {
  const ids = new Set<string>()
  for (const pattern of patterns) {
    if (pattern.type !== '*' && pattern.type !== type) continue
    if (pattern.action !== '*' && pattern.action !== action) continue
    if (pattern.id === undefined || pattern.id.some((segment) => segment === '*' || segment === '**')) return undefined
    const [only = ''] = pattern.id
    if (paths) ids.add(pattern.id.join('/'))
    else if (pattern.id.length === 1) ids.add(decodeURIComponent(only))
  }
  return [...ids]
}

/** What the principal owns or shares, as the room that has the things knows; `undefined`: it does not say, or they are many. */
async function relatedIds(
  access: Reading,
  { db }: Pick<Ctx, 'db'>,
  type: string,
  { id, groups }: PrincipalFacts,
): Promise<readonly string[] | undefined> {
  const ids = await access.loader(type)?.related?.(db, { id, groups }, maxNamed + 1)
  return ids === undefined || ids.length > maxNamed ? undefined : ids
}

/** Says why where nothing can be seen: the answer about the whole. */
async function requireWhole(
  decisions: Decisions,
  journal: Kernel['journal'],
  ctx: Ctx,
  permission: string,
): Promise<void> {
  const decision = await decisions.decide(ctx.actor, permission, undefined, ctx.now)
  if (decision.allowed) return
  journal.refused({ actor: ctx.actor, permission, decision, requestId: ctx.requestId })
  throw new Refused(decision, permission)
}
