import { type Actor, allWithin, type CredentialLimits, narrowedBy, throughOf } from '#kit'
import { fail } from '../errors.ts'

/**
 * Whether a credential reaches no further than what the actor came with: in permissions, places and time. Whoever came with
 * something narrow neither sees, makes nor resets anything wider, or a stolen narrow credential would become a wide one.
 */
export function isWithin(actor: Actor, limits: CredentialLimits): boolean {
  const through = throughOf(actor)
  if (through === undefined) return true
  const narrowed = narrowedBy(limits, through)
  if (typeof narrowed === 'string' || !allWithin(limits.permissions, through.permissions)) return false
  const { networks, regions, expiresAt } = narrowed
  return (
    JSON.stringify([networks, regions, expiresAt]) ===
    JSON.stringify([limits.networks, limits.regions, limits.expiresAt])
  )
}

/** @throws GateError `identity.wider-than-credential` */
export function requireWithin(actor: Actor, limits: CredentialLimits): void {
  if (!isWithin(actor, limits)) throw fail('identity.wider-than-credential', { fields: { limit: 'as a whole' } })
}
