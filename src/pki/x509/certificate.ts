import { hash, type KeyObject, type X509Certificate } from 'node:crypto'
import {
  bitString,
  type Der,
  explicit,
  ia5String,
  integer,
  oid,
  printableString,
  sequence,
  setOf,
  time,
  unsignedInteger,
  utf8String,
} from './der.ts'
import { extensionsField } from './extensions.ts'
import { type AttributeName, attributeIds } from './names.ts'
import { writePem } from './pem.ts'
import { type Signer, signerOf } from './signature.ts'

/** X.509 certificates, version 3 (RFC 5280 §4.1). */

/** A distinguished name, most general attribute first; empty where the subject stands in the alternative name. */
export type Name = readonly (readonly [attribute: AttributeName, value: string])[]

export interface CertificateFields {
  /** Magnitude of the serial number, from `newSerial`. */
  readonly serial: Uint8Array
  /** Encoded names, from `distinguishedName` or the issuer's own certificate: chains are compared byte by byte. */
  readonly issuer: Der
  readonly subject: Der
  /** Milliseconds since the epoch; written in whole seconds. Both ends are included (RFC 5280 §4.1.2.5). */
  readonly notBefore: number
  readonly notAfter: number
  /** A key, or its SubjectPublicKeyInfo in DER: exporting a key takes longer than all the rest of the encoding. */
  readonly publicKey: KeyObject | Der
  /** `Extension` elements in the order they are written; each kind at most once. */
  readonly extensions: readonly Der[]
}

/**
 * The certificate in DER, signed. Whatever the issuer and subject are, this is how all are made: roots, intermediates,
 * cross-certificates (another issuer's name and key over the same subject and key), leaves.
 *
 * @param issuer whose signature it carries; a `Signer` is quicker when many are made
 * @throws TypeError for a key that `signerOf` does not take
 */
export function signCertificate(fields: CertificateFields, issuer: KeyObject | Signer): Uint8Array {
  const signer = 'sign' in issuer ? issuer : signerOf(issuer)
  const signed = tbsCertificate(fields, signer.algorithm)
  return sequence(signed, signer.algorithm, bitString(signer.sign(signed)))
}

/**
 * A serial number of 128 bits of which 126 are random: positive, never zero, always 16 octets, and far above the 64
 * random bits that keep a hash collision from being prepared (CA/Browser Baseline Requirements §7.1).
 *
 * @param random 16 random bytes, all used
 */
export function newSerial(random: Uint8Array): Uint8Array {
  if (random.length !== 16) throw new TypeError('newSerial needs 16 random bytes')
  const serial = Uint8Array.from(random)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return serial
}

/** SHA-256 of the DER, lower-case hex pairs joined by colons: as people compare it. */
export function fingerprintOf(der: Uint8Array): string {
  return colonsIn(digestOf(der))
}

/** The digits of a digest in pairs joined by colons. */
export function colonsIn(digest: string): string {
  let text = digest.slice(0, 2)
  for (let at = 2; at < digest.length; at += 2) text += `:${digest.slice(at, at + 2)}`
  return text
}

/** SHA-256 of the DER, lower-case hex: as tables hold it. */
export function digestOf(der: Uint8Array): string {
  return hash('sha256', der, 'hex')
}

export function pemOf(der: Uint8Array): string {
  return writePem('CERTIFICATE', der)
}

/** First and last instant of a certificate, in milliseconds. */
export function validityOf(certificate: X509Certificate): { readonly notBefore: number; readonly notAfter: number } {
  return { notBefore: certificate.validFromDate.getTime(), notAfter: certificate.validToDate.getTime() }
}

/** RFC 5280 §4.1.2.4: one attribute in each relative name, as UTF-8 but for those whose type is fixed. */
export function distinguishedName(name: Name): Der {
  return sequence(
    ...name.map(([attribute, value]) => setOf(sequence(oid(attributeIds[attribute]), text(attribute, value)))),
  )
}

/** Appendix A.1: country and serial number are printable strings, domain components and mailboxes IA5. */
function text(attribute: AttributeName, value: string): Der {
  if (attribute === 'countryName' || attribute === 'serialNumber') return printableString(value)
  if (attribute === 'domainComponent' || attribute === 'emailAddress') return ia5String(value)
  return utf8String(value)
}

function tbsCertificate(fields: CertificateFields, algorithm: Der): Der {
  const { publicKey } = fields
  return sequence(
    explicit(0, integer(2)),
    unsignedInteger(fields.serial),
    algorithm,
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    publicKey instanceof Uint8Array ? publicKey : publicKey.export({ type: 'spki', format: 'der' }),
    extensionsField(fields.extensions),
  )
}
