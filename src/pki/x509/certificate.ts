import { createHash, type KeyObject, sign, type X509Certificate } from 'node:crypto'
import {
  bitString,
  type Der,
  explicit,
  integer,
  oid,
  sequence,
  setOf,
  time,
  unsignedInteger,
  utf8String,
} from './der.ts'
import { extensionsField } from './extensions.ts'

/** X.509 certificates, version 3 (RFC 5280 §4.1). */

const attributeIds = { organizationName: '2.5.4.10', commonName: '2.5.4.3' } as const

/** A distinguished name, most general attribute first; empty where the subject stands in the alternative name. */
export type Name = readonly (readonly [attribute: keyof typeof attributeIds, value: string])[]

export interface CertificateFields {
  /** Magnitude of the serial number, from `newSerial`. */
  readonly serial: Uint8Array
  /** Encoded names, from `distinguishedName` or the issuer's own certificate: chains are compared byte by byte. */
  readonly issuer: Der
  readonly subject: Der
  /** Milliseconds since the epoch; written in whole seconds. Both ends are included (RFC 5280 §4.1.2.5). */
  readonly notBefore: number
  readonly notAfter: number
  readonly publicKey: KeyObject
  /** `Extension` elements in the order they are written; each kind at most once. */
  readonly extensions: readonly Der[]
}

/** ecdsa-with-SHA256 (RFC 5758 §3.2): no parameters. */
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))

/** The certificate in DER, signed. @throws TypeError unless the key is a private P-256 key */
export function signCertificate(fields: CertificateFields, issuerKey: KeyObject): Uint8Array {
  if (issuerKey.type !== 'private' || issuerKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new TypeError('signCertificate needs a private P-256 key')
  }
  const signed = tbsCertificate(fields)
  const signature = sign('sha256', signed, { key: issuerKey, dsaEncoding: 'der' })
  return sequence(signed, ecdsaWithSha256, bitString(signature))
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
  return digestOf(der).replaceAll(/..(?=.)/g, '$&:')
}

/** SHA-256 of the DER, lower-case hex: as tables hold it. */
export function digestOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex')
}

export function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** First and last instant of a certificate, in milliseconds. */
export function validityOf(certificate: X509Certificate): { readonly notBefore: number; readonly notAfter: number } {
  return { notBefore: certificate.validFromDate.getTime(), notAfter: certificate.validToDate.getTime() }
}

function tbsCertificate(fields: CertificateFields): Der {
  return sequence(
    explicit(0, integer(2)),
    unsignedInteger(fields.serial),
    ecdsaWithSha256,
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    new Uint8Array(fields.publicKey.export({ type: 'spki', format: 'der' })),
    extensionsField(fields.extensions),
  )
}

/** RFC 5280 §4.1.2.4: one attribute in each relative name, as UTF-8. */
export function distinguishedName(name: Name): Der {
  return sequence(...name.map(([attribute, value]) => setOf(sequence(oid(attributeIds[attribute]), utf8String(value)))))
}
