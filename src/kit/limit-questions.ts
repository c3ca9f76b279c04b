import type { CredentialLimits } from './actor.ts'
import { countryName } from './countries.ts'
import { parseCidr } from './ip.ts'

/** Something about limits that is allowed, but more likely a mistake than meant: it is asked before it is made. */
export interface LimitQuestion {
  /** Which question it is: the same limits from the same place ask the same. */
  readonly code: LimitQuestionCode
  /** What would come of it, in a sentence. */
  readonly message: string
}

type LimitQuestionCode = 'address-shut-out' | 'region-shut-out' | 'every-address' | 'no-address'

/** Asked and answered: all questions at once (`confirmed: true` of the API), or those a form names. */
export type Confirmed = boolean | readonly string[]

type Placed = Pick<CredentialLimits, 'networks' | 'regions'>

/** What tells whether limits let an address in, and where it lies. */
export interface Places {
  placeRefusal(limits: Placed, address: string): unknown
  regionOf(address: string): string | undefined
}

/**
 * What to ask about limits before a credential with them is made, from where its maker is now; without what was answered.
 *
 * @param address `undefined`: the machine's owner comes from no address
 */
export async function limitQuestions(
  places: Places,
  address: string | undefined,
  { networks, regions }: Placed,
  confirmed: Confirmed = false,
): Promise<readonly LimitQuestion[]> {
  if (confirmed === true) return []
  const { allow, deny } = networks
  const questions: LimitQuestion[] = []
  if (deny.some(isEveryAddress)) {
    questions.push(
      ask('no-address', 'A denied network holds every address of its kind: from those it can never be used.'),
    )
  } else if (allow.some(isEveryAddress)) {
    questions.push(ask('every-address', 'An allowed network ends in /0 and holds every address: that limits nothing.'))
  }
  if (address !== undefined) {
    if ((await places.placeRefusal({ networks, regions: [] }, address)) !== undefined) {
      questions.push(ask('address-shut-out', `You come from ${address} now, and from there it could not be used.`))
    }
    if ((await places.placeRefusal({ networks: { allow: [], deny: [] }, regions }, address)) !== undefined) {
      const region = places.regionOf(address)
      const place = region === undefined ? 'a place whose country is not known' : countryName(region)
      questions.push(ask('region-shut-out', `You come from ${place} now, and from there it could not be used.`))
    }
  }
  return confirmed === false ? questions : questions.filter(({ code }) => !confirmed.includes(code))
}

const answer = 'confirmed/'

/** Each question as a refusal carries it: a fault of the field that answers it. */
interface AskedFault {
  readonly field: string
  readonly message: string
}

/** What a refusal carries of its questions, in its sentence and one by one. */
export function askedIn(questions: readonly LimitQuestion[]): {
  readonly fields: { readonly questions: string }
  readonly faults: readonly AskedFault[]
} {
  return {
    fields: { questions: questions.map(({ message }) => message).join(' ') },
    faults: questions.map(({ code, message }) => ({ field: answer + code, message })),
  }
}

/** The questions out of what `askedIn` made of them. */
export function questionsIn(faults: readonly AskedFault[]): readonly LimitQuestion[] {
  return faults.map(({ field, message }) => ({ code: field.replace(answer, '') as LimitQuestionCode, message }))
}

function isEveryAddress(entry: string): boolean {
  return parseCidr(entry)?.prefix === 0
}

function ask(code: LimitQuestionCode, message: string): LimitQuestion {
  return { code, message }
}
