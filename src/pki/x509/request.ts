import { tags } from './der.ts'
import {
  contextConstructed,
  type DerElement,
  DerReader,
  elementsOf,
  enter,
  malformed,
  octetsOf,
  oidOf,
  readDer,
  smallIntegerOf,
} from './der-reader.ts'
import {
  type BasicConstraints,
  type KeyUsageName,
  type ReadExtension,
  readAlternativeNames,
  readBasicConstraints,
  readExtendedKeyUsage,
  readExtensions,
  readKeyUsage,
} from './extension-reader.ts'
import { type GeneralName, type NameAttribute, readName, readString } from './names.ts'
import { decodeBase64, readPem } from './pem.ts'
import { type PublicKeyInfo, readPublicKey } from './public-keys.ts'
import { X509Refusal } from './refusal.ts'
import { readSignatureAlgorithm, type SignatureAlgorithm, verifySignature } from './signature.ts'

/**
 * Certification requests (PKCS #10, RFC 2986). A request is a question: everything it asks for is told, nothing is left
 * out in silence, and whoever issues decides what is granted.
 */

/** Longest request, in bytes of DER and in characters of text: an RSA key of 4096 bits with a hundred names has 6 KB. */
export const longestRequest = 16_384

export interface RequestedExtensions {
  /** Alternative names, in their order. */
  readonly names: readonly GeneralName[]
  readonly basicConstraints: BasicConstraints | undefined
  readonly keyUsage: readonly KeyUsageName[] | undefined
  /** Purposes as object identifiers. */
  readonly extendedKeyUsage: readonly string[] | undefined
  /** Every other extension, none of which is read. */
  readonly others: readonly { readonly id: string; readonly critical: boolean }[]
}

export interface CertificationRequest {
  readonly der: Uint8Array
  readonly subject: readonly NameAttribute[]
  readonly publicKey: PublicKeyInfo
  readonly extensions: RequestedExtensions
  readonly signatureAlgorithm: SignatureAlgorithm
  /** What it hands along to identify itself by (RFC 2985 §5.4.1); a secret. */
  readonly challengePassword: string | undefined
  /** Attributes besides extensions and challenge password, as object identifiers. */
  readonly otherAttributes: readonly string[]
  /** What its signature covers, and the signature. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/**
 * A request from DER, PEM or bare base64 (as EST has it), NOT yet proven: see `verifyRequest`.
 *
 * @throws X509Refusal for everything but a request with a key that is neither weak nor unknown
 */
export function readRequest(input: Uint8Array | string): CertificationRequest {
  const der = typeof input === 'string' ? textBytes(input) : inputBytes(input)
  const outer = enter(readDer(der, { bytes: longestRequest }), tags.sequence, 'request')
  const info = outer.take(tags.sequence)
  const signatureAlgorithm = readSignatureAlgorithm(outer.take(tags.sequence))
  const signature = octetsOf(outer.take(tags.bitString).content, 'signature')
  outer.end()
  return { der, ...readInfo(info), signatureAlgorithm, signed: info.encoded, signature }
}

/**
 * The same, proven: whoever sent it holds the private key (RFC 2986 §4.2: the signature is the proof of possession).
 *
 * @throws X509Refusal as `readRequest`, and `wrong-signature`
 */
export function verifyRequest(input: Uint8Array | string): CertificationRequest {
  const request = readRequest(input)
  const { signatureAlgorithm, publicKey, signed, signature } = request
  if (!verifySignature(signatureAlgorithm, publicKey, signed, signature)) {
    throw new X509Refusal('wrong-signature', 'its signature was not made with the key it asks for')
  }
  return request
}

const labels = ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']

/** DER begins with the octet of a SEQUENCE, which is "0" as text: no base64 of DER begins with that, nor does PEM. */
function inputBytes(input: Uint8Array): Uint8Array {
  if (input.length > longestRequest) throw tooLong()
  if (input[0] === tags.sequence) return input
  return textBytes(Buffer.from(input.buffer, input.byteOffset, input.length).toString('latin1'))
}

function textBytes(text: string): Uint8Array {
  if (text.length > longestRequest) throw tooLong()
  return text.includes('-----BEGIN ') ? readPem(text, labels, longestRequest) : decodeBase64(text)
}

function tooLong(): X509Refusal {
  return new X509Refusal('too-large', `it is longer than ${longestRequest} bytes`)
}

type RequestInfo = Pick<
  CertificationRequest,
  'subject' | 'publicKey' | 'extensions' | 'challengePassword' | 'otherAttributes'
>

function readInfo(info: DerElement): RequestInfo {
  const reader = new DerReader(info, 'request')
  if (smallIntegerOf(reader.take(tags.integer).content, 'version') !== 0) throw malformed('version')
  const subject = readName(reader.take(tags.sequence), 'subject')
  const publicKey = readPublicKey(reader.take(tags.sequence))
  // optional in practice: some programs leave an empty set of attributes out
  const attributes = reader.takeIf(contextConstructed(0))
  reader.end()
  return { subject, publicKey, ...readAttributes(attributes) }
}

const extensionRequests: ReadonlySet<string> = new Set([
  // RFC 2985 §5.4.2
  '1.2.840.113549.1.9.14',
  // the same by Microsoft's identifier
  '1.3.6.1.4.1.311.2.1.14',
])
const challengePassword = '1.2.840.113549.1.9.7'

function readAttributes(
  attributes: DerElement | undefined,
): Pick<RequestInfo, 'extensions' | 'challengePassword' | 'otherAttributes'> {
  let extensions: readonly ReadExtension[] | undefined
  let challenge: string | undefined
  const others: string[] = []
  for (const attribute of attributes === undefined ? [] : elementsOf(attributes, 'attributes', 0)) {
    const { id, values } = readAttribute(attribute)
    if (extensionRequests.has(id)) {
      if (extensions !== undefined) throw new X509Refusal('malformed', 'it asks for extensions in two places')
      extensions = readExtensions(onlyOne(values))
    } else if (id === challengePassword) {
      if (challenge !== undefined) throw malformed('attributes')
      challenge = readString(onlyOne(values), 'challenge password').value
    } else {
      others.push(id)
    }
  }
  return { extensions: readRequested(extensions ?? []), challengePassword: challenge, otherAttributes: others }
}

function readAttribute(attribute: DerElement): { readonly id: string; readonly values: readonly DerElement[] } {
  const reader = enter(attribute, tags.sequence, 'attributes')
  const id = oidOf(reader.take(tags.oid).content)
  const values = elementsOf(reader.take(tags.set), 'attributes')
  reader.end()
  return { id, values }
}

function onlyOne(values: readonly DerElement[]): DerElement {
  const [value] = values
  if (value === undefined || values.length > 1) throw malformed('attributes')
  return value
}

function readRequested(extensions: readonly ReadExtension[]): RequestedExtensions {
  const value = (id: string): Uint8Array | undefined => extensions.find((extension) => extension.id === id)?.value
  const names = value('2.5.29.17')
  const constraints = value('2.5.29.19')
  const usage = value('2.5.29.15')
  const purposes = value('2.5.29.37')
  return {
    names: names === undefined ? [] : readAlternativeNames(names),
    basicConstraints: constraints === undefined ? undefined : readBasicConstraints(constraints),
    keyUsage: usage === undefined ? undefined : readKeyUsage(usage),
    extendedKeyUsage: purposes === undefined ? undefined : readExtendedKeyUsage(purposes),
    others: extensions.filter(({ id }) => !readHere.has(id)).map(({ id, critical }) => ({ id, critical })),
  }
}

const readHere: ReadonlySet<string> = new Set(['2.5.29.17', '2.5.29.19', '2.5.29.15', '2.5.29.37'])
