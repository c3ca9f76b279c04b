import { tags } from '../x509/der.ts'
import {
  context,
  contextConstructed,
  type DerElement,
  enter,
  malformed,
  octetsOf,
  readDer,
  smallIntegerOf,
  timeOf,
  unwrap,
} from '../x509/der-reader.ts'
import {
  type BasicConstraints,
  type KeyUsageName,
  type ReadExtension,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readExtendedKeyUsage,
  readExtensions,
  readKeyUsage,
  readSubjectKeyIdentifier,
} from '../x509/extension-reader.ts'
import { type NameAttribute, nameText, readName } from '../x509/names.ts'
import { type PublicKeyInfo, readPublicKey } from '../x509/public-keys.ts'
import { X509Refusal } from '../x509/refusal.ts'
import { readSignatureAlgorithm, type SignatureAlgorithm, verifySignature } from '../x509/signature.ts'

/** An authority's certificate, field by field. Whether it may be an authority here is not judged yet. */
export interface AuthorityCertificate {
  readonly der: Uint8Array
  /** Lower-case hex of the magnitude, whole octets. */
  readonly serial: string
  /** Encoded: chains are compared byte by byte. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** The common name; where there is none, the whole subject in one line. */
  readonly name: string
  readonly publicKey: PublicKeyInfo
  /** What its own certificate says of its key; what it signs names the same. */
  readonly keyId: Uint8Array
  readonly issuerKeyId: Uint8Array | undefined
  readonly notBefore: number
  readonly notAfter: number
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly constraints: BasicConstraints | undefined
  readonly keyUsage: readonly KeyUsageName[] | undefined
  /** Purposes as object identifiers; absent: any. */
  readonly purposes: readonly string[] | undefined
  /** The value of its name constraints, if it has any. */
  readonly nameConstraints: Uint8Array | undefined
  /** Critical extensions that are none of those read or known here. */
  readonly unknownCritical: readonly string[]
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** @throws X509Refusal for what is no certificate of version 3, or has a weak or unknown key or signature */
export function readAuthorityCertificate(der: Uint8Array): AuthorityCertificate {
  const outer = enter(readDer(der, { bytes: longestCertificate }), tags.sequence, 'certificate')
  const fields = outer.take(tags.sequence)
  const algorithm = outer.take(tags.sequence)
  const signature = octetsOf(outer.take(tags.bitString).content, 'signature')
  outer.end()
  const signatureAlgorithm = readSignatureAlgorithm(algorithm)
  return { der, ...readFields(fields, algorithm), signatureAlgorithm, signed: fields.encoded, signature }
}

/** Whether an authority's key signed it. */
export function isSignedBy(certificate: AuthorityCertificate, issuer: PublicKeyInfo): boolean {
  const { signatureAlgorithm, signed, signature } = certificate
  return verifySignature(signatureAlgorithm, issuer, signed, signature)
}

/** Longest certificate of an authority, in bytes: one with an RSA key and a page of constraints has 3 KB. */
const longestCertificate = 32_768

type Fields = Omit<AuthorityCertificate, 'der' | 'signatureAlgorithm' | 'signed' | 'signature'>

/** RFC 5280 §4.1.2. */
function readFields(element: DerElement, outerAlgorithm: DerElement): Fields {
  const reader = enter(element, tags.sequence, 'certificate')
  if (smallIntegerOf(unwrap(reader.take(contextConstructed(0)), 'version').content, 'version') !== 2) {
    throw malformed('version')
  }
  const serial = serialOf(reader.take(tags.integer).content)
  const algorithm = reader.take(tags.sequence)
  // §4.1.1.2: the one that is signed along and the one that is not must say the same
  if (Buffer.compare(algorithm.encoded, outerAlgorithm.encoded) !== 0) throw malformed('signature algorithm')
  const issuer = reader.take(tags.sequence)
  const validity = enter(reader.take(tags.sequence), tags.sequence, 'validity')
  const notBefore = timeOf(validity.takeAny(), 'validity')
  const notAfter = timeOf(validity.takeAny(), 'validity')
  validity.end()
  const subject = reader.take(tags.sequence)
  const publicKey = readPublicKey(reader.take(tags.sequence))
  reader.takeIf(context(1))
  reader.takeIf(context(2))
  const extensions = readExtensions(unwrap(reader.take(contextConstructed(3)), 'extensions'))
  reader.end()
  return {
    serial,
    issuer: issuer.encoded,
    subject: subject.encoded,
    name: displayName(readName(subject, 'subject')),
    publicKey,
    notBefore,
    notAfter,
    ...readAuthorityExtensions(extensions, publicKey),
  }
}

const ids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const

/** What may be critical without changing what is read here: policies and their constraints bind whoever verifies. */
const understood: ReadonlySet<string> = new Set([...Object.values(ids), '2.5.29.17', '2.5.29.32'])

function readAuthorityExtensions(extensions: readonly ReadExtension[], publicKey: PublicKeyInfo) {
  const value = (id: string): Uint8Array | undefined => extensions.find((extension) => extension.id === id)?.value
  const read = <T>(id: string, reader: (bytes: Uint8Array) => T): T | undefined => {
    const bytes = value(id)
    return bytes === undefined ? undefined : reader(bytes)
  }
  return {
    keyId: read(ids.subjectKeyIdentifier, readSubjectKeyIdentifier) ?? publicKey.identifier,
    issuerKeyId: read(ids.authorityKeyIdentifier, readAuthorityKeyIdentifier),
    constraints: read(ids.basicConstraints, readBasicConstraints),
    keyUsage: read(ids.keyUsage, readKeyUsage),
    purposes: read(ids.extendedKeyUsage, readExtendedKeyUsage),
    nameConstraints: value(ids.nameConstraints),
    unknownCritical: extensions.filter(({ id, critical }) => critical && !understood.has(id)).map(({ id }) => id),
  }
}

function serialOf(content: Uint8Array): string {
  // §4.1.2.2: positive, at most 20 octets
  if (content.length > 20 || (content[0] ?? 0x80) >= 0x80 || content.every((byte) => byte === 0)) {
    throw malformed('serial number')
  }
  return Buffer.from(content[0] === 0 ? content.subarray(1) : content).toString('hex')
}

function displayName(subject: readonly NameAttribute[]): string {
  if (subject.length === 0) throw new X509Refusal('name', 'its subject is empty')
  const common = subject.findLast(({ attribute }) => attribute === 'commonName')?.value ?? nameText(subject)
  return common.slice(0, 200)
}
