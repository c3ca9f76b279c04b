import {
  askedIn,
  type Confirmed,
  type CredentialLimits,
  type LimitQuestion,
  limitFaults,
  limitQuestions,
  questionsIn,
} from '#kit'
import type { Ctx, GateError } from '#platform'
import { fail } from '../errors.ts'
import type { IssueParts } from './issue.ts'

type Placed = Pick<CredentialLimits, 'networks' | 'regions'>

/**
 * Refuses limits of a certificate for the actor itself that ask something nobody has answered yet, such as whether they are
 * meant to shut out where the actor is now. Limits that are not valid ask nothing: they are refused by `authorizeOrder`.
 *
 * @throws GateError `pki.limits-to-confirm`, its faults as those of `identity.limits-to-confirm`
 */
export async function requireConfirmed(
  { actor, now }: Ctx,
  { access, regionOf }: Pick<IssueParts, 'access' | 'regionOf'>,
  limits: CredentialLimits | undefined,
  confirmed: Confirmed,
): Promise<void> {
  if (limits === undefined || limitFaults(limits, now).length > 0) return
  const places = { placeRefusal: (some: Placed, address: string) => access.placeRefusal(some, address), regionOf }
  const open = await limitQuestions(places, actor.address, limits, confirmed)
  if (open.length > 0) throw fail('pki.limits-to-confirm', askedIn(open))
}

/** The questions in a refusal of `requireConfirmed`; none for any other failure. */
export function questionsOf(error: GateError): readonly LimitQuestion[] {
  return error.code === 'pki.limits-to-confirm' ? questionsIn(error.faults) : []
}
