import { X509Refusal } from '../refusal.ts'
import { readSignatureAlgorithm, verifySignature } from '../signature.ts'
import type { Facts } from './facts.ts'
import { isWithin } from './name-constraints.ts'
import { isAuthority, type LintContext, type LintRule, says } from './rule.ts'

/** A certificate beside its issuer's (RFC 5280 §6.1); a root beside itself. */
export const chainRules: readonly LintRule[] = [
  beside('chain-name', 'RFC 5280 §6.1.3 (a)(4)', (facts, issuer) =>
    says(
      Buffer.compare(facts.issuer.encoded, issuer.subject.encoded) !== 0,
      "its issuer's name is another, byte by byte",
    ),
  ),
  beside('chain-signature', 'RFC 5280 §6.1.3 (a)(1)', (facts, issuer) =>
    says(!isSignedBy(facts, issuer), 'its issuer did not sign it'),
  ),
  beside('chain-key', 'RFC 5280 §4.2.1.1', (facts, issuer) => {
    const { keyId } = facts.authorityKey ?? {}
    const differs =
      keyId !== undefined && issuer.subjectKeyId !== undefined && Buffer.compare(keyId, issuer.subjectKeyId) !== 0
    return says(differs, "it names another key than its issuer's")
  }),
  beside('chain-validity', 'RFC 5280 §6.1.3 (a)(2)', (facts, issuer) =>
    says(facts.from < issuer.from || facts.to > issuer.to, 'it is valid when its issuer is not'),
  ),
  beside('chain-authority', 'RFC 5280 §6.1.4 (k)(n)', (_facts, issuer) =>
    says(
      issuer.constraints?.authority !== true || issuer.usages?.includes('keyCertSign') !== true,
      'its issuer is no authority',
    ),
  ),
  beside('chain-path-length', 'RFC 5280 §6.1.4 (l)(m)', pathLength),
  beside('chain-names', 'RFC 5280 §6.1.3 (b)(c)', (facts, issuer) => {
    const { nameConstraints } = issuer
    if (nameConstraints === undefined) return undefined
    return says(
      (facts.names ?? []).some((name) => !isWithin(name, nameConstraints)),
      'its issuer may not issue for one of its names',
    )
  }),
  beside('chain-purposes', 'BR §7.1.2.10.6', (facts, issuer) => {
    const { purposes } = issuer
    if (purposes === undefined) return undefined
    const stated = facts.purposes ?? []
    // whom an authority lets answer for it needs no purpose of the authority's (RFC 6960 §4.2.2.2)
    const beyond = stated.some((purpose) => !purposes.includes(purpose) && purpose !== ocspSigning)
    return says(beyond, 'it is for what its issuer may not issue for')
  }),
]

const ocspSigning = '1.3.6.1.5.5.7.3.9'

function beside(
  id: string,
  section: string,
  check: (facts: Facts, issuer: Facts, context: LintContext) => string | undefined,
): LintRule {
  return {
    id,
    section,
    check: (facts, context) => {
      const issuer = context.kind === 'root' ? facts : context.issuer
      return issuer === undefined ? undefined : check(facts, issuer, context)
    },
  }
}

function pathLength(facts: Facts, issuer: Facts, context: LintContext): string | undefined {
  const allowed = issuer.constraints?.pathLength
  if (context.kind === 'root' || !isAuthority(context) || allowed === undefined) return undefined
  const own = facts.constraints?.pathLength
  return says(
    allowed === 0 || own === undefined || own >= allowed,
    'it may stand above more authorities than its issuer lets it',
  )
}

function isSignedBy(facts: Facts, issuer: Facts): boolean {
  if (issuer.key instanceof X509Refusal) return false
  try {
    return verifySignature(readSignatureAlgorithm(facts.outerAlgorithm), issuer.key, facts.signed, facts.signature)
  } catch (error) {
    if (error instanceof X509Refusal) return false
    throw error
  }
}
