import { constants, type KeyObject, sign, type VerifyKeyObjectInput, verify } from 'node:crypto'
import { type Der, nullValue, oid, sequence, tags } from './der.ts'
import {
  contextConstructed,
  type DerElement,
  type DerReader,
  enter,
  malformed,
  oidOf,
  smallIntegerOf,
  unwrap,
} from './der-reader.ts'
import type { PublicKeyInfo } from './public-keys.ts'
import { X509Refusal } from './refusal.ts'

/** Signature algorithms of certificates, lists and answers (RFC 5280 §4.1.1.2, RFC 5758, RFC 4055, RFC 8410). */

export type Digest = 'sha256' | 'sha384' | 'sha512'
type Scheme = 'ecdsa' | 'rsa' | 'rsa-pss' | 'ed25519'

export interface SignatureAlgorithm {
  /** `ecdsa-with-SHA256`, `RSA-PSS with SHA-256`: as people are told. */
  readonly name: string
  readonly scheme: Scheme
  /** Undefined for Ed25519, which hashes by itself. */
  readonly digest: Digest | undefined
  /** RSA-PSS: bytes of salt. */
  readonly saltLength: number | undefined
}

const named: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  ['1.2.840.10045.4.3.2', algorithm('ecdsa-with-SHA256', 'ecdsa', 'sha256')],
  ['1.2.840.10045.4.3.3', algorithm('ecdsa-with-SHA384', 'ecdsa', 'sha384')],
  ['1.2.840.10045.4.3.4', algorithm('ecdsa-with-SHA512', 'ecdsa', 'sha512')],
  ['1.2.840.113549.1.1.11', algorithm('sha256WithRSAEncryption', 'rsa', 'sha256')],
  ['1.2.840.113549.1.1.12', algorithm('sha384WithRSAEncryption', 'rsa', 'sha384')],
  ['1.2.840.113549.1.1.13', algorithm('sha512WithRSAEncryption', 'rsa', 'sha512')],
  ['1.3.101.112', algorithm('Ed25519', 'ed25519', undefined)],
])

/** Algorithms that once were common and whose hash no longer holds. */
const broken: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.2', 'MD2'],
  ['1.2.840.113549.1.1.3', 'MD4'],
  ['1.2.840.113549.1.1.4', 'MD5'],
  ['1.2.840.113549.1.1.5', 'SHA-1'],
  ['1.3.14.3.2.29', 'SHA-1'],
  ['1.2.840.10040.4.3', 'SHA-1'],
  ['1.2.840.10045.4.1', 'SHA-1'],
])

const rsaPss = '1.2.840.113549.1.1.10'
const mgf1 = '1.2.840.113549.1.1.8'
const digests: ReadonlyMap<string, Digest> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])
const digestBytes = { sha256: 32, sha384: 48, sha512: 64 } as const

function algorithm(name: string, scheme: Scheme, digest: Digest | undefined): SignatureAlgorithm {
  return { name, scheme, digest, saltLength: undefined }
}

/**
 * Reads an AlgorithmIdentifier.
 *
 * @throws X509Refusal `weak-signature` for SHA-1 and older, `unsupported-signature` for others, `malformed`
 */
export function readSignatureAlgorithm(element: DerElement): SignatureAlgorithm {
  const reader = enter(element, tags.sequence, 'signature algorithm')
  const id = oidOf(reader.take(tags.oid).content)
  if (id === rsaPss) return readPss(reader)
  const known = named.get(id)
  if (known === undefined) throw refused(id)
  // RFC 5758 §3.2 and RFC 8410 §3: no parameters; RFC 4055 §5: NULL, but to be accepted when absent
  if (known.scheme === 'rsa') reader.takeIf(tags.null)
  reader.end()
  return known
}

function refused(id: string): X509Refusal {
  const hash = broken.get(id)
  return hash === undefined
    ? new X509Refusal('unsupported-signature', 'its signature algorithm is not one we know')
    : new X509Refusal('weak-signature', `it is signed with ${hash}`)
}

/** RFC 4055 §3.1. What is left out means SHA-1, which is refused. */
function readPss(algorithmReader: DerReader): SignatureAlgorithm {
  const what = 'RSA-PSS parameters'
  if (algorithmReader.isAtEnd) throw new X509Refusal('weak-signature', 'it is signed with SHA-1')
  const reader = enter(algorithmReader.take(tags.sequence), tags.sequence, what)
  algorithmReader.end()
  const digest = readDigest(reader.takeIf(contextConstructed(0)), what)
  checkMask(reader.takeIf(contextConstructed(1)), digest, what)
  const salt = reader.takeIf(contextConstructed(2))
  const saltLength = salt === undefined ? 20 : integerIn(salt, what)
  const trailer = reader.takeIf(contextConstructed(3))
  reader.end()
  if (saltLength > digestBytes[digest] || (trailer !== undefined && integerIn(trailer, what) !== 1)) {
    throw new X509Refusal('unsupported-signature', 'its RSA-PSS parameters are unusual')
  }
  return { name: `RSA-PSS with ${digest.replace('sha', 'SHA-')}`, scheme: 'rsa-pss', digest, saltLength }
}

function integerIn(wrapper: DerElement, what: string): number {
  const inner = unwrap(wrapper, what)
  if (inner.tag !== tags.integer) throw malformed(what)
  return smallIntegerOf(inner.content, what)
}

function readDigest(wrapper: DerElement | undefined, what: string): Digest {
  if (wrapper === undefined) throw new X509Refusal('weak-signature', 'it is signed with SHA-1')
  return digestIn(unwrap(wrapper, what), what)
}

function digestIn(element: DerElement, what: string): Digest {
  const reader = enter(element, tags.sequence, what)
  const id = oidOf(reader.take(tags.oid).content)
  reader.takeIf(tags.null)
  reader.end()
  const digest = digests.get(id)
  if (digest !== undefined) return digest
  if (id === '1.3.14.3.2.26') throw new X509Refusal('weak-signature', 'it is signed with SHA-1')
  throw new X509Refusal('unsupported-signature', `its ${what} are unusual`)
}

function checkMask(wrapper: DerElement | undefined, digest: Digest, what: string): void {
  if (wrapper === undefined) throw new X509Refusal('weak-signature', 'its RSA-PSS mask is made with SHA-1')
  const reader = enter(unwrap(wrapper, what), tags.sequence, what)
  const id = oidOf(reader.take(tags.oid).content)
  const masking = digestIn(reader.takeAny(), what)
  reader.end()
  if (id !== mgf1 || masking !== digest) throw new X509Refusal('unsupported-signature', `its ${what} are unusual`)
}

/**
 * Whether a signature over `message` was made by the key's owner; false as well where the algorithm is not for that kind
 * of key.
 */
export function verifySignature(
  algorithm: SignatureAlgorithm,
  { kind, key }: Pick<PublicKeyInfo, 'kind' | 'key'>,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const wanted = kind === 'Ed25519' ? 'ed25519' : kind.startsWith('RSA') ? 'rsa' : 'ecdsa'
  if (algorithm.scheme.replace('rsa-pss', 'rsa') !== wanted) return false
  try {
    return verify(algorithm.digest ?? null, message, verificationKey(algorithm, key), signature)
  } catch {
    // an RSA signature longer than its modulus, for one
    return false
  }
}

/** The key alone where Node's defaults are the algorithm's: with options the same call takes a third longer. */
function verificationKey({ scheme, saltLength }: SignatureAlgorithm, key: KeyObject): KeyObject | VerifyKeyObjectInput {
  if (scheme !== 'rsa-pss' || saltLength === undefined) return key
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
}

/** An authority's or responder's key with the algorithm it signs by. */
export interface Signer {
  /** The AlgorithmIdentifier in DER. */
  readonly algorithm: Der
  readonly sign: (message: Uint8Array) => Uint8Array
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))
const ecdsaWithSha384 = sequence(oid('1.2.840.10045.4.3.3'))
const sha256WithRsa = sequence(oid('1.2.840.113549.1.1.11'), nullValue())

/**
 * How a private key signs: P-256 with SHA-256, P-384 with SHA-384, RSA from 2048 to 4096 bits by PKCS #1 v1.5 with
 * SHA-256, which old devices know.
 *
 * @throws TypeError for any other key
 */
export function signerOf(key: KeyObject): Signer {
  if (key.type !== 'private') throw new TypeError('signerOf needs a private key')
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  if (namedCurve === 'prime256v1') return digestSigner(key, 'sha256', ecdsaWithSha256)
  if (namedCurve === 'secp384r1') return digestSigner(key, 'sha384', ecdsaWithSha384)
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048 && modulusLength <= 4096) {
    return digestSigner(key, 'sha256', sha256WithRsa)
  }
  throw new TypeError('signerOf needs a P-256, P-384 or RSA key of 2048 to 4096 bits')
}

/** ECDSA signatures are in DER by default. */
function digestSigner(key: KeyObject, digest: Digest, identifier: Der): Signer {
  return { algorithm: identifier, sign: (message) => sign(digest, message, key) }
}
