import { covers, isWithin, type Permission, type PermissionPattern, permissionText } from '#kit'
import type { Facts, Giving, GrantFacts, GrantsHeld, PrincipalFacts } from './facts.ts'

/** What somebody is asked to hold: one permission, or everything a pattern covers. */
export interface Wanted {
  /** Whether roles and grants, held together, give it. */
  by(held: readonly Giving[]): boolean
  /** Every grant that gives it by itself, and maybe others. */
  among(grants: GrantsHeld): readonly GrantFacts[]
}

export function wantsPermission(permission: Permission): Wanted {
  const { type, action } = permission
  const itself = `"${permissionText(permission)}"`
  const all = `"${type}:${action}"`
  const gives = (giving: Giving): boolean => {
    const { stored } = giving
    // without a wildcard only these two texts cover it, each with its quotes; what JSON escapes is no such text
    if (stored?.includes('*') === false && !stored.includes('\\'))
      return stored.includes(itself) || stored.includes(all)
    return giving.patterns.some((pattern) => covers(pattern, permission))
  }
  return { by: (held) => held.some(gives), among: (grants) => grants.about(permission) }
}

export function wantsPattern(pattern: PermissionPattern): Wanted {
  return {
    by: (held) =>
      isWithin(
        pattern,
        held.flatMap(({ patterns }) => patterns),
      ),
    among: ({ all }) => all,
  }
}

/** The first instant at which time alone could change an answer. Narrowed while the answer is found. */
export class Until {
  at = Number.POSITIVE_INFINITY

  /** Notes an instant that matters if it is still to come. */
  note(instant: number | undefined, now: number): void {
    if (instant !== undefined && instant > now && instant < this.at) this.at = instant
  }
}

/** How many grants may stand between a grantee and the role everything comes from. */
export const maxGrantDepth = 16
/** How many principals one question may lead through. */
export const maxGrantSearch = 256

/** Names what covers the wanted: `role:auditor`, `grant:gra_…`. Empty: nothing does. */
export function heldVia(
  principal: PrincipalFacts,
  wanted: Wanted,
  facts: Facts,
  now: number,
  until: Until,
): readonly string[] {
  const roles = principal.roles.filter((role) => wanted.by([role])).map((role) => `role:${role.name}`)
  const grants = wanted
    .among(principal.grants)
    .filter((grant) => passes(grant, wanted, now, until) && isHeld(grant.grantorId, wanted, facts, now, until))
    .map((grant) => `grant:${grant.id}`)
  return [...roles, ...grants]
}

/** Whether a pattern is covered by all roles together. */
export function holdsByRoles({ roles }: PrincipalFacts, pattern: PermissionPattern): boolean {
  return isWithin(
    pattern,
    roles.flatMap((role) => role.patterns),
  )
}

/** Whether a pattern is covered by all roles together, or by one grant. */
export function holdsPattern(
  principal: PrincipalFacts,
  pattern: PermissionPattern,
  facts: Facts,
  now: number,
): boolean {
  return (
    holdsByRoles(principal, pattern) || heldVia(principal, wantsPattern(pattern), facts, now, new Until()).length > 0
  )
}

/** Whether a grant is live. Whether its grantor still holds what it passes on is `isHeld`'s question. */
export function isLive(grant: GrantFacts, now: number, until: Until): boolean {
  until.note(grant.startsAt, now)
  until.note(grant.endsAt, now)
  return !grant.revoked && grant.startsAt <= now && (grant.endsAt === undefined || now < grant.endsAt)
}

/**
 * Whether a grantor holds the wanted: by a role, or through grants that lead back to somebody who does. A search by
 * breadth over grantors, each visited once: a circle of grants leads nowhere new and so gives nothing.
 */
export function isHeld(grantorId: string, wanted: Wanted, facts: Facts, now: number, until: Until): boolean {
  const visited = new Set([grantorId])
  let level: readonly string[] = [grantorId]
  for (let depth = 0; depth < maxGrantDepth && level.length > 0; depth++) {
    const next: string[] = []
    for (const id of level) {
      const grantor = facts.principal(id)
      if (grantor?.state !== 'active') continue
      if (holdsByItself(grantor, wanted)) return true
      for (const grant of wanted.among(grantor.grants)) {
        if (visited.has(grant.grantorId) || !passes(grant, wanted, now, until)) continue
        if (visited.size >= maxGrantSearch) return false
        visited.add(grant.grantorId)
        next.push(grant.grantorId)
      }
    }
    level = next
  }
  return false
}

/** The machine's owner and Gatehouse itself may pass on anything, as the policies `access:local` and `access:system` let them do. */
function holdsByItself(principal: PrincipalFacts, wanted: Wanted): boolean {
  if (principal.kind === 'local' || principal.kind === 'system') return true
  return wanted.by(principal.roles)
}

function passes(grant: GrantFacts, wanted: Wanted, now: number, until: Until): boolean {
  return wanted.by([grant]) && isLive(grant, now, until)
}
