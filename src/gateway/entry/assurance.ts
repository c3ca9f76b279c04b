import type { Actor, Assurance, Decision } from '#kit'
import { assurancePolicies } from '../policies.ts'

/** How surely somebody must have been proven. */
export interface WantedAssurance {
  readonly factors: 1 | 2
  readonly phishingResistant: boolean
}

/** Whether a decision fell for nothing but how surely somebody was proven: more proof changes it, no role does. */
export function needsAssurance({ allowed, code, policies }: Decision): boolean {
  return !allowed && code === 'policy-forbids' && policies.length > 0 && policies.every((id) => ofAssurance.has(id))
}

const ofAssurance: ReadonlySet<string> = new Set(Object.values(assurancePolicies))

/** What is asked for and what is there, in a sentence for the person. */
export function assuranceWords(wanted: WantedAssurance, { credential, assurance }: Actor): string {
  const there = assurance ?? { factors: 1, phishingResistant: false }
  return `The app asks for ${listed(wantedWords(wanted))}; the ${credential?.kind ?? 'credential'} used proves ${thereWords(there)}.`
}

function wantedWords({ factors, phishingResistant }: WantedAssurance): readonly string[] {
  return [
    ...(factors === 2 ? ['two independent factors'] : []),
    ...(phishingResistant ? ['a proof that cannot be phished, such as a passkey'] : []),
  ]
}

function thereWords({ factors, phishingResistant }: Assurance): string {
  const count = factors === 2 ? 'two factors' : 'one factor'
  return phishingResistant ? count : `${count} that could be phished`
}

function listed(words: readonly string[]): string {
  return words.join(' and ')
}

/**
 * For programs (RFC 9470 §3): the credential is good, and not of the strength asked for. `max_age` is not asked; which levels
 * there are is said in words, since Gatehouse names none.
 */
export function assuranceChallenge(words: string): readonly string[] {
  return [
    'www-authenticate',
    `Bearer realm="Gatehouse", error="insufficient_user_authentication", error_description="${quotable(words)}"`,
  ]
}

/** RFC 6750 §3: without quotes and backslashes. */
function quotable(text: string): string {
  return text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
}
