import { chainRules } from './lint/chain-rules.ts'
import { extensionRules } from './lint/extension-rules.ts'
import { factsOf } from './lint/facts.ts'
import { fieldRules } from './lint/field-rules.ts'
import { nameRules } from './lint/name-rules.ts'
import type { LintKind, LintRule } from './lint/rule.ts'
import { X509Refusal } from './refusal.ts'

/**
 * Judges certificates against RFC 5280 and, where servers are concerned, the CA/Browser Forum's Baseline Requirements. It
 * reads the bytes that were issued and shares nothing with what wrote them. Of the baseline it leaves out what belongs to
 * publicly trusted authorities alone: their policy identifiers, certificate transparency, and the ban on internal names.
 */

export interface LintFinding {
  readonly rule: string
  readonly section: string
  /** What is wrong, as a clause: `the serial number is zero or negative`. */
  readonly message: string
}

export type { LintKind }

/** Every rule, in the order they are asked; `der` stands before them all. */
export const lintRules: readonly LintRule[] = [...fieldRules, ...extensionRules, ...nameRules, ...chainRules]

/**
 * What is wrong with a certificate; nothing where it is as it should be.
 *
 * @param kind what it is meant to be
 * @param issuer its issuer's certificate in DER, to judge the chain too; a root is judged beside itself
 * @throws X509Refusal where the issuer's certificate cannot be read
 */
export function lintCertificate(der: Uint8Array, kind: LintKind, issuer?: Uint8Array): readonly LintFinding[] {
  const context = { kind, issuer: issuer === undefined ? undefined : factsOf(issuer) }
  let facts: ReturnType<typeof factsOf>
  try {
    facts = factsOf(der)
  } catch (error) {
    if (!(error instanceof X509Refusal)) throw error
    return [{ rule: 'der', section: 'RFC 5280 §4.1', message: error.message }]
  }
  return lintRules.flatMap(({ id, section, check }) => {
    const message = check(facts, context)
    return message === undefined ? [] : [{ rule: id, section, message }]
  })
}
