/**
 * Why a certificate is revoked, with the codes of RFC 5280 §5.3.1. `certificateHold` and `removeFromCRL` are not offered: a
 * revocation is for good, so that no list and no memory has to learn that one was taken back.
 */
export const revocationReasons = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const
export type RevocationReason = (typeof revocationReasons)[number]

/** What relying parties are told: `cACompromise` is of authorities, and of what a revoked one issued. */
export type StatedReason = RevocationReason | 'cACompromise'

const codes: Readonly<Record<StatedReason, number>> = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
}

/** Its `CRLReason`. */
export function reasonCode(reason: StatedReason): number {
  return codes[reason]
}

/** As the database holds it; what is not known there is `unspecified`. */
export function reasonOf(text: string | null): StatedReason {
  return text !== null && Object.hasOwn(codes, text) ? (text as StatedReason) : 'unspecified'
}
