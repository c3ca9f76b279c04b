import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import { isSmallOrderPoint, weaknessOfModulus } from '#kit'
import { type Der, tags } from './der.ts'
import { type DerElement, enter, malformed, octetsOf, oidOf, readDer } from './der-reader.ts'
import { writePem } from './pem.ts'
import { X509Refusal } from './refusal.ts'

/** Public keys as certificates carry them: SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 5480, RFC 8410). */

export type CurveName = 'P-256' | 'P-384' | 'P-521'

/** RSA with its length in bits: 2048 to 4096, a multiple of 8. */
export type KeyKind = CurveName | 'Ed25519' | `RSA-${number}`

/** A key that has been judged: one of the kinds above, in the one form we write, and not among the weak ones. */
export interface PublicKeyInfo {
  readonly kind: KeyKind
  readonly key: KeyObject
  /** The SubjectPublicKeyInfo in DER, to be put into a certificate as it is. */
  readonly spki: Der
  /** First 160 bits of the SHA-256 of the key's BIT STRING (RFC 7093 §2, method 1). */
  readonly identifier: Uint8Array
}

const rsaEncryption = '1.2.840.113549.1.1.1'
const ecPublicKey = '1.2.840.10045.2.1'
const ed25519 = '1.3.101.112'

const curves: ReadonlyMap<string, { readonly kind: CurveName; readonly coordinate: number }> = new Map([
  ['1.2.840.10045.3.1.7', { kind: 'P-256', coordinate: 32 }],
  ['1.3.132.0.34', { kind: 'P-384', coordinate: 48 }],
  ['1.3.132.0.35', { kind: 'P-521', coordinate: 66 }],
])

/** Kinds of key everybody once used and nobody should. */
const outdated: ReadonlyMap<string, string> = new Map([
  ['1.2.840.10040.4.1', 'DSA'],
  ['1.2.840.113549.1.3.1', 'Diffie-Hellman'],
  ['1.2.840.10046.2.1', 'Diffie-Hellman'],
])

/**
 * Judges a SubjectPublicKeyInfo.
 *
 * @throws X509Refusal `weak-key`, `unsupported-key`, `malformed`
 */
export function readPublicKey(element: DerElement): PublicKeyInfo {
  const { kind, subjectPublicKey } = judgeKey(element)
  return {
    kind,
    key: importKey(element.encoded),
    spki: element.encoded,
    identifier: identifierOf(subjectPublicKey),
  }
}

/** The same for a key we hold. @throws X509Refusal as `readPublicKey` */
export function publicKeyInfo(key: KeyObject): PublicKeyInfo {
  const exported = key.export({ type: 'spki', format: 'der' })
  const spki = new Uint8Array(exported.buffer, exported.byteOffset, exported.length)
  const { kind, subjectPublicKey } = judgeKey(readDer(spki))
  return { kind, key, spki, identifier: identifierOf(subjectPublicKey) }
}

/** What kind of key it is, judged without the curve's own arithmetic, which `importKey` does. */
function judgeKey(element: DerElement): { readonly kind: KeyKind; readonly subjectPublicKey: Uint8Array } {
  const reader = enter(element, tags.sequence, 'public key')
  const algorithm = enter(reader.take(tags.sequence), tags.sequence, 'public key')
  const id = oidOf(algorithm.take(tags.oid).content)
  const parameters = algorithm.isAtEnd ? undefined : algorithm.takeAny()
  algorithm.end()
  const subjectPublicKey = octetsOf(reader.take(tags.bitString).content, 'public key')
  reader.end()
  return { kind: kindOf(id, parameters, subjectPublicKey), subjectPublicKey }
}

function kindOf(id: string, parameters: DerElement | undefined, key: Uint8Array): KeyKind {
  if (id === ecPublicKey) return curveKey(parameters, key)
  if (id === rsaEncryption) return rsaKey(parameters, key)
  if (id === ed25519) return edwardsKey(parameters, key)
  const old = outdated.get(id)
  if (old !== undefined) throw new X509Refusal('weak-key', `its key is for ${old}`)
  throw new X509Refusal('unsupported-key', 'its key is neither ECDSA nor RSA nor Ed25519')
}

function curveKey(parameters: DerElement | undefined, point: Uint8Array): CurveName {
  if (parameters?.tag !== tags.oid) {
    // a curve of the sender's own choosing is how CVE-2020-0601 forged certificates
    throw new X509Refusal('weak-key', 'its key spells a curve out instead of naming it')
  }
  const curve = curves.get(oidOf(parameters.content))
  if (curve === undefined)
    throw new X509Refusal('unsupported-key', 'its key is on another curve than P-256, P-384 and P-521')
  if (point[0] !== 4 || point.length !== 1 + 2 * curve.coordinate) {
    throw new X509Refusal('unsupported-key', 'its key is not an uncompressed point')
  }
  return curve.kind
}

const smallestRsa = 2048
const largestRsa = 4096

function rsaKey(parameters: DerElement | undefined, encoded: Uint8Array): KeyKind {
  if (parameters?.tag !== tags.null) throw malformed('public key')
  const reader = enter(readDer(encoded), tags.sequence, 'public key')
  const modulus = magnitudeOf(reader.take(tags.integer).content)
  const exponent = magnitudeOf(reader.take(tags.integer).content)
  reader.end()
  const bits = modulus.length === 0 ? 0 : modulus.length * 8 + 24 - Math.clz32(modulus[0] ?? 0)
  if (bits < smallestRsa) throw new X509Refusal('weak-key', `its RSA key has ${bits} bits, fewer than ${smallestRsa}`)
  if (bits > largestRsa) throw new X509Refusal('unsupported-key', `its RSA key has more than ${largestRsa} bits`)
  if (bits % 8 !== 0) throw new X509Refusal('unsupported-key', 'its RSA key has a length that is no multiple of 8 bits')
  checkExponent(exponent)
  checkModulus(modulus)
  return `RSA-${bits}`
}

function magnitudeOf(content: Uint8Array): Uint8Array {
  if ((content[0] ?? 0x80) >= 0x80) throw new X509Refusal('weak-key', 'its RSA key has a negative number')
  return content[0] === 0 ? content.subarray(1) : content
}

/** CA/Browser Baseline Requirements §6.1.6: odd, from 2¹⁶ + 1 to 2²⁵⁶ − 1. */
function checkExponent(exponent: Uint8Array): void {
  const value = bigint(exponent)
  if (value < 65_537n || value % 2n === 0n)
    throw new X509Refusal('weak-key', 'its RSA key has an exponent that is even or small')
  if (exponent.length > 32) throw new X509Refusal('unsupported-key', 'its RSA key has an exponent beyond 256 bits')
}

function checkModulus(encoded: Uint8Array): void {
  const weakness = weaknessOfModulus(bigint(encoded))
  if (weakness !== undefined) throw new X509Refusal('weak-key', `its RSA key ${weakness}`)
}

function bigint(magnitude: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(magnitude).toString('hex') || '0'}`)
}

function edwardsKey(parameters: DerElement | undefined, point: Uint8Array): KeyKind {
  if (parameters !== undefined || point.length !== 32) throw malformed('public key')
  if (isSmallOrderPoint(point)) throw new X509Refusal('weak-key', 'its Ed25519 key is a point of small order')
  return 'Ed25519'
}

/**
 * OpenSSL finds out whether a point is on its curve. Handed over as text: for an object Node 24 first throws and catches
 * four errors of its own to learn what it is, which takes twice as long as all the rest.
 */
function importKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey(writePem('PUBLIC KEY', spki))
  } catch {
    throw new X509Refusal('weak-key', 'its key is not a point of its curve, or no key at all')
  }
}

function identifierOf(subjectPublicKey: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', subjectPublicKey, 'buffer').subarray(0, 20))
}
