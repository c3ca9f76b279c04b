import { type CredentialLimits, countryName, parseCidr } from '#kit'
import { type Ctx, GateError } from '#platform'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'

/** Something about limits that is allowed, but more likely a mistake than meant: it is asked before it is made. */
export interface LimitQuestion {
  /** Which question it is: the same limits from the same place ask the same. */
  readonly code: LimitQuestionCode
  /** What would come of it, in a sentence. */
  readonly message: string
}

export type LimitQuestionCode = 'address-shut-out' | 'region-shut-out' | 'every-address' | 'no-address'

/** Asked and answered: all questions at once (`confirmed: true` of the API), or those a form names. */
export type Confirmed = boolean | readonly string[]

/** What to ask about limits before a credential with them is made, from where the actor is now. */
export async function limitQuestions(
  { access, kernel }: Pick<Parts, 'access' | 'kernel'>,
  { actor: { address } }: Pick<Ctx, 'actor'>,
  limits: CredentialLimits,
): Promise<readonly LimitQuestion[]> {
  const { allow, deny } = limits.networks
  const questions: LimitQuestion[] = []
  if (deny.some(isEveryAddress)) {
    questions.push(
      ask('no-address', 'A denied network holds every address of its kind: from those it can never be used.'),
    )
  } else if (allow.some(isEveryAddress)) {
    questions.push(ask('every-address', 'An allowed network ends in /0 and holds every address: that limits nothing.'))
  }
  // the machine's owner comes from no address
  if (address === undefined) return questions
  const refused = await access.placeRefusal({ networks: limits.networks, regions: [] }, address)
  if (refused !== undefined) {
    questions.push(ask('address-shut-out', `You come from ${address} now, and from there it could not be used.`))
  }
  if (
    (await access.placeRefusal({ networks: { allow: [], deny: [] }, regions: limits.regions }, address)) !== undefined
  ) {
    const region = kernel.regions.regionOf(address)
    const place = region === undefined ? 'a place whose country is not known' : countryName(region)
    questions.push(ask('region-shut-out', `You come from ${place} now, and from there it could not be used.`))
  }
  return questions
}

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
  if (confirmed === true) return
  const answered = confirmed === false ? [] : confirmed
  const open = (await limitQuestions(parts, ctx, limits)).filter(({ code }) => !answered.includes(code))
  if (open.length === 0) return
  throw fail('identity.limits-to-confirm', {
    fields: { questions: open.map(({ message }) => message).join(' ') },
    faults: open.map(({ code, message }) => ({ field: `confirmed/${code}`, message })),
  })
}

/** The questions in a refusal of `requireConfirmed`; `undefined` for any other failure. */
export function questionsOf(error: unknown): readonly LimitQuestion[] | undefined {
  if (!(error instanceof GateError) || error.code !== 'identity.limits-to-confirm') return undefined
  return error.faults.map(({ field, message }) => ({
    code: field.replace('confirmed/', '') as LimitQuestionCode,
    message,
  }))
}

function isEveryAddress(entry: string): boolean {
  return parseCidr(entry)?.prefix === 0
}

function ask(code: LimitQuestionCode, message: string): LimitQuestion {
  return { code, message }
}
