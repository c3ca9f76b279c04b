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
  tags,
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

/** Random bytes in a serial number: 72 bits, of the 64 that keep a hash collision from being prepared (CA/Browser Baseline Requirements §7.1). */
export const serialRandom = 9

/**
 * A serial number of 16 octets, positive and never zero: a fixed one, the time of issue in six and nine random ones. With
 * the time in front, those of a fleet are inserted at the end of their index instead of all over it; it says no more than
 * the beginning of the certificate's life does.
 *
 * @param now milliseconds since the epoch
 * @param random nine random bytes, all used
 */
export function newSerial(now: number, random: Uint8Array): Uint8Array {
  if (random.length !== serialRandom) throw new TypeError('newSerial needs 9 random bytes')
  const serial = Buffer.alloc(16, 0x40)
  serial.writeUIntBE(now, 1, 6)
  serial.set(random, 7)
  return new Uint8Array(serial.buffer, serial.byteOffset, serial.length)
}

/**
 * The serial number that a certificate says it has, lower-case hex; empty where it is none of ours by its shape. Proves
 * nothing: it says where to look.
 */
export function statedSerial(der: Uint8Array): string {
  const info = headLength(der, 0)
  const version = info + headLength(der, info)
  const start = version + beforeSerial.length
  if (start + 16 > der.length || !beforeSerial.every((octet, at) => der[version + at] === octet)) return ''
  return Buffer.from(der.buffer, der.byteOffset + start, 16).toString('hex')
}

/** Version 3 and the head of an integer of 16 octets. */
const beforeSerial = [0xa0, 3, tags.integer, 1, 2, tags.integer, 16]

/** Octets of tag and length. */
function headLength(der: Uint8Array, at: number): number {
  const first = der[at + 1] ?? 0
  return 2 + (first < 0x80 ? 0 : first & 0x7f)
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

const version3 = explicit(0, integer(2))

/** Those of one batch all live alike. */
let written = { notBefore: Number.NaN, notAfter: Number.NaN, der: version3 }

function validity({ notBefore, notAfter }: CertificateFields): Der {
  if (written.notBefore !== notBefore || written.notAfter !== notAfter) {
    written = { notBefore, notAfter, der: sequence(time(notBefore), time(notAfter)) }
  }
  return written.der
}

function tbsCertificate(fields: CertificateFields, algorithm: Der): Der {
  const { publicKey } = fields
  return sequence(
    version3,
    unsignedInteger(fields.serial),
    algorithm,
    fields.issuer,
    validity(fields),
    fields.subject,
    publicKey instanceof Uint8Array ? publicKey : publicKey.export({ type: 'spki', format: 'der' }),
    extensionsField(fields.extensions),
  )
}
