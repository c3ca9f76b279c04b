import { type Confirmed, type CredentialLimits, limitFaults, limitQuestions } from '#kit'
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
  if (open.length === 0) return
  throw fail('pki.limits-to-confirm', {
    fields: { questions: open.map(({ message }) => message).join(' ') },
    faults: open.map(({ code, message }) => ({ field: `confirmed/${code}`, message })),
  })
}

/** A question by its code, to be answered by that. */
export interface Question {
  readonly code: string
  readonly message: string
}

/** The questions in a refusal of `requireConfirmed`; none for any other failure. */
export function questionsOf(error: GateError): readonly Question[] {
  if (error.code !== 'pki.limits-to-confirm') return []
  return error.faults.map(({ field, message }) => ({ code: field.replace('confirmed/', ''), message }))
}
