import type { KeyObject } from 'node:crypto'
import type { ServerName } from './hosts/server-name.ts'
import { type CertificateFields, distinguishedName, newSerial } from './x509/certificate.ts'
import type { Der } from './x509/der.ts'
import {
  authorityKeyIdentifier,
  endEntityConstraints,
  extendedKeyUsage,
  keyIdentifier,
  keyUsage,
  subjectAlternativeName,
  subjectKeyIdentifier,
} from './x509/extensions.ts'

/** What Gatehouse's certificates look like. The profile decides every field; nobody asks for one. */

const hour = 3_600_000
const day = 24 * hour
/** Validity starts this much earlier, so that a machine whose clock is behind accepts a new certificate. */
const backdated = hour
/** Both ends of a validity are included, hence a second less than 90 days. */
const serverLifetime = 90 * day - 1000

export interface IssuerFacts {
  /** Its subject as its certificate has it. */
  readonly subject: Der
  readonly publicKey: KeyObject
  /** How its certificate names its key; others' authorities compute it their own way. */
  readonly keyId: Uint8Array
  /** Milliseconds since the epoch: nothing it issues is valid outside. */
  readonly notBefore: number
  readonly notAfter: number
}

interface Given {
  readonly publicKey: KeyObject
  /** Milliseconds since the epoch. */
  readonly now: number
  /** 16 random bytes for the serial number. */
  readonly random: Uint8Array
}

/**
 * A server's certificate for one name: at most 90 days and never beyond its issuer. The subject is empty and the name
 * stands in the alternative name alone, which is then critical (RFC 5280 §4.2.1.6): clients have not read the common
 * name for years, and it holds 64 characters where a host name has 253.
 */
export function serverCertificate(
  given: Given & { readonly name: ServerName; readonly issuer: IssuerFacts },
): CertificateFields {
  const notBefore = given.now - backdated
  return {
    serial: newSerial(given.random),
    issuer: given.issuer.subject,
    subject: distinguishedName([]),
    notBefore: Math.max(notBefore, given.issuer.notBefore),
    notAfter: Math.min(notBefore + serverLifetime, given.issuer.notAfter),
    publicKey: given.publicKey,
    extensions: [
      endEntityConstraints(),
      keyUsage('digitalSignature'),
      extendedKeyUsage('serverAuth'),
      subjectAlternativeName([given.name], true),
      subjectKeyIdentifier(keyIdentifier(given.publicKey)),
      authorityKeyIdentifier(given.issuer.keyId),
    ],
  }
}

/** Whether less than a third of a certificate's life is left. */
export function isDueForRenewal(
  certificate: { readonly notBefore: number; readonly notAfter: number },
  now: number,
): boolean {
  return certificate.notAfter - now < (certificate.notAfter - certificate.notBefore) / 3
}
