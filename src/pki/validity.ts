/** When certificates and revocation lists begin, and when certificates are replaced. */

/** Validity starts this much earlier, so that a machine whose clock is behind takes nothing for one of the future. Milliseconds. */
export const backdated = 3_600_000

/** Whether less than a third of a certificate's life is left. */
export function isDueForRenewal(
  certificate: { readonly notBefore: number; readonly notAfter: number },
  now: number,
): boolean {
  return certificate.notAfter - now < (certificate.notAfter - certificate.notBefore) / 3
}
