import { type Der, explicit, implicitConstructed, integer, oid, sequence, setOf } from './der.ts'

/**
 * Certificates without a signature around them: the degenerate SignedData of RFC 5272 §4.1 that EST hands out (RFC 7030
 * §4.1.3), in DER. The set is in the order of its encodings, not of the chain: DER asks for that, and readers find the
 * chain by the names.
 */
export function certsOnly(certificates: readonly Der[]): Uint8Array {
  const signedData = sequence(
    integer(1),
    setOf(),
    sequence(oid('1.2.840.113549.1.7.1')),
    implicitConstructed(0, ...certificates.toSorted((one, other) => Buffer.compare(one, other))),
    setOf(),
  )
  return sequence(oid('1.2.840.113549.1.7.2'), explicit(0, signedData))
}
