import { type Actor, allWithin, isWithin, parsePattern, permissionText } from '#kit'
import type { Ctx } from '#platform'
import { principalOf } from './chain.ts'
import { fail } from './errors.ts'
import type { Facts } from './facts.ts'
import { holdersAmong, readPrincipalFacts } from './facts-store.ts'
import { holdsByRoles, holdsPattern, isLive, Until } from './holding.ts'
import { KnownFacts } from './known-facts.ts'

/**
 * Whether the actor may hand on these patterns. Asked of the facts as this context's database sees them, unshared: in a
 * transaction that is the state the change commits against.
 *
 * What is open by policy alone (one's own account) is not held and cannot be handed on.
 *
 * @throws GateError `access.more-than-held` naming the first pattern that is not covered
 */
export function requireCoverage(ctx: Ctx, patterns: readonly string[]): Promise<void> {
  return requireAll(ctx, patterns, holdsPattern)
}

/**
 * The same for what a role or group hands on. What was only granted does not count: a role would go on giving it when
 * the grant is over. A grant can pass it on.
 *
 * @throws GateError `access.more-than-held` naming the first pattern that is not covered
 */
export function requireCoverageByRoles(ctx: Ctx, patterns: readonly string[]): Promise<void> {
  return requireAll(ctx, patterns, ctx.actor.grant === undefined ? holdsByRoles : () => false)
}

/**
 * Whether the actor may hand on all that somebody holds, by roles and grants: who is about to act as them must not gain
 * by it.
 *
 * @throws GateError `access.more-than-held` naming the first pattern that is not covered
 */
export async function requireCoverageOf(ctx: Ctx, principalId: string): Promise<void> {
  const held = await readPrincipalFacts(ctx.db, principalId, ctx.now)
  const sources = held === null ? [] : [...held.roles, ...held.grants.all]
  return requireCoverage(
    ctx,
    sources.flatMap(({ patterns }) => patterns.map(permissionText)),
  )
}

/** The same for many at once. Who holds nothing, as most devices, costs nothing. */
export async function requireCoverageOfAll(ctx: Ctx, principalIds: readonly string[]): Promise<void> {
  for (const id of await holdersAmong(ctx.db, principalIds)) await requireCoverageOf(ctx, id)
}

/** For each pattern whether the actor may hand it on by a grant. */
export async function coversEach(ctx: Ctx, patterns: readonly string[]): Promise<readonly boolean[]> {
  const facts = new KnownFacts()
  for (;;) {
    const covered = patterns.map((pattern) => mayHandOn(ctx.actor, pattern, facts, ctx.now, holdsPattern))
    if (!facts.incomplete) return covered
    await facts.load(ctx.db, ctx.now)
  }
}

type Holds = typeof holdsPattern

async function requireAll(ctx: Ctx, patterns: readonly string[], holds: Holds): Promise<void> {
  const facts = new KnownFacts()
  for (;;) {
    const uncovered = patterns.find((pattern) => !mayHandOn(ctx.actor, pattern, facts, ctx.now, holds))
    if (!facts.incomplete) {
      if (uncovered === undefined) return
      const error = fail('access.more-than-held', { fields: { permission: uncovered } })
      const decision = {
        allowed: false,
        step: 'grant',
        code: 'more-than-held',
        reason: error.detail,
        policies: [],
      } as const
      ctx.refused({ permission: uncovered, decision })
      throw error
    }
    await facts.load(ctx.db, ctx.now)
  }
}

/** Every link must cover it: credential, app, grant, and what the principal holds. */
function mayHandOn(actor: Actor, text: string, facts: Facts, now: number, holds: Holds): boolean {
  const pattern = parsePattern(text)
  const question = { actor, permission: undefined, resource: undefined, now }
  const principal = principalOf(question, facts)
  if (pattern === undefined || principal?.state !== 'active') return false
  const credentials = actor.credential === undefined ? [] : [actor.credential, ...(actor.factors ?? [])]
  if (!credentials.every(({ permissions }) => allWithin([permissionText(pattern)], permissions))) return false
  if (actor.app !== undefined && !allWithin([permissionText(pattern)], actor.app.permissions)) return false
  if (actor.grant !== undefined) {
    const grant = facts.grant(actor.grant.id)
    if (grant?.granteeId !== principal.id || !isLive(grant, now, new Until())) return false
    if (!isWithin(pattern, grant.patterns)) return false
  }
  return principal.kind === 'local' || principal.kind === 'system' || holds(principal, pattern, facts, now)
}
