/**
 * Why a certificate is revoked, of the reasons of RFC 5280 §5.3.1. `certificateHold` and `removeFromCRL` are not offered: a
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

const stated: readonly string[] = [...revocationReasons, 'cACompromise']

/** As the database holds it; what is not known there is `unspecified`. */
export function reasonOf(text: string | null): StatedReason {
  return text !== null && stated.includes(text) ? (text as StatedReason) : 'unspecified'
}
