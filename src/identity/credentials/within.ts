import { type Actor, allWithin, type CredentialLimits, narrowedBy, throughOf } from '#kit'
import { fail } from '../errors.ts'

/**
 * Whether a credential reaches no further than what the actor came with, in permissions, networks and regions. Whoever came
 * with something narrow neither sees nor changes anything wider, or a stolen narrow credential would become a wide one.
 */
export function isWithin(actor: Actor, limits: CredentialLimits): boolean {
  const through = throughOf(actor)
  if (through === undefined) return true
  const narrowed = narrowedBy(limits, through)
  if (typeof narrowed === 'string' || !allWithin(limits.permissions, through.permissions)) return false
  return JSON.stringify([narrowed.networks, narrowed.regions]) === JSON.stringify([limits.networks, limits.regions])
}

/**
 * The same in time too: what ends neither makes nor renews what goes on after it.
 *
 * @throws GateError `identity.wider-than-credential`
 */
export function requireWithin(actor: Actor, limits: CredentialLimits): void {
  const end = throughOf(actor)?.expiresAt ?? Number.POSITIVE_INFINITY
  if (!isWithin(actor, limits)) throw fail('identity.wider-than-credential', { fields: { limit: 'as a whole' } })
  if ((limits.expiresAt ?? Number.POSITIVE_INFINITY) > end) {
    throw fail('identity.wider-than-credential', { fields: { limit: 'expiresAt' } })
  }
}
