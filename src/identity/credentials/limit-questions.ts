import { askedIn, type Confirmed, type CredentialLimits, type LimitQuestion, limitQuestions, questionsIn } from '#kit'
import { type Ctx, GateError } from '#platform'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'

export type { Confirmed, LimitQuestion } from '#kit'

/**
 * Refuses limits that ask something nobody has answered yet. The questions stand in the error as faults of the field
 * `confirmed`, for `questionsOf`.
 *
 * @throws GateError `identity.limits-to-confirm`
 */
export async function requireConfirmed(
  parts: Pick<Parts, 'access' | 'kernel'>,
  ctx: Pick<Ctx, 'actor'>,
  limits: CredentialLimits,
  confirmed: Confirmed,
): Promise<void> {
  const places = {
    placeRefusal: (some: Pick<CredentialLimits, 'networks' | 'regions'>, address: string) =>
      parts.access.placeRefusal(some, address),
    regionOf: (address: string) => parts.kernel.regions.regionOf(address),
  }
  const open = await limitQuestions(places, ctx.actor.address, limits, confirmed)
  if (open.length > 0) throw fail('identity.limits-to-confirm', askedIn(open))
}

/** The questions in a refusal of `requireConfirmed`; `undefined` for any other failure. */
export function questionsOf(error: unknown): readonly LimitQuestion[] | undefined {
  if (!(error instanceof GateError) || error.code !== 'identity.limits-to-confirm') return undefined
  return questionsIn(error.faults)
}
