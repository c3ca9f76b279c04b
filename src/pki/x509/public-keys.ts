import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import { type Der, tags } from './der.ts'
import { type DerElement, enter, malformed, octetsOf, oidOf, readDer } from './der-reader.ts'
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

const smallPrimes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
] as const

/**
 * Moduli that others can factor (Baseline Requirements §6.1.1.3): even or with a small factor, from the chips of
 * CVE-2017-15361 ("ROCA"), or of two primes that lie close together.
 */
function checkModulus(encoded: Uint8Array): void {
  const modulus = bigint(encoded)
  const residues = smallPrimes.map((prime) => Number(modulus % BigInt(prime)))
  if (modulus % 2n === 0n || residues.includes(0)) throw new X509Refusal('weak-key', 'its RSA key has a small factor')
  if (residues.every((residue, index) => isPowerOfF4(residue, smallPrimes[index] ?? 3))) {
    throw new X509Refusal('weak-key', 'its RSA key comes from a generator with a known fault (CVE-2017-15361)')
  }
  if (hasClosePrimes(modulus)) throw new X509Refusal('weak-key', 'its RSA key has two primes close together')
}

/** Whether a residue is a power of 65537 modulo a prime: a faulty generator's moduli are, for every small prime. */
function isPowerOfF4(residue: number, prime: number): boolean {
  const base = 65_537 % prime
  for (let power = 1, count = 0; count < prime; count++) {
    if (power === residue) return true
    power = (power * base) % prime
  }
  return false
}

/** Fermat's method, 100 rounds: n = a² − b² with a just above √n. */
function hasClosePrimes(modulus: bigint): boolean {
  let a = squareRoot(modulus)
  if (a * a < modulus) a += 1n
  let rest = a * a - modulus
  for (let round = 0; round < 100; round++) {
    if (maybeSquare(rest)) {
      const root = squareRoot(rest)
      if (root * root === rest) return true
    }
    rest += 2n * a + 1n
    a += 1n
  }
  return false
}

/** Four small moduli tell 99 of 100 numbers that are no squares, without a root. */
function maybeSquare(value: bigint): boolean {
  const residue = Number(value % 2_882_880n)
  return (
    squares64.has(residue % 64) &&
    squares63.has(residue % 63) &&
    squares65.has(residue % 65) &&
    squares11.has(residue % 11)
  )
}

const squaresModulo = (modulus: number): ReadonlySet<number> =>
  new Set(Array.from({ length: modulus }, (_, root) => (root * root) % modulus))
const squares64 = squaresModulo(64)
const squares63 = squaresModulo(63)
const squares65 = squaresModulo(65)
const squares11 = squaresModulo(11)

/** The whole part of a square root, by Newton from above. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((value.toString(16).length * 4 + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

function bigint(magnitude: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(magnitude).toString('hex') || '0'}`)
}

/** y coordinates of points whose order divides 8: signatures under such keys can be made by anybody for any message. */
const smallOrder: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

function edwardsKey(parameters: DerElement | undefined, point: Uint8Array): KeyKind {
  if (parameters !== undefined || point.length !== 32) throw malformed('public key')
  const unsigned = Uint8Array.from(point)
  unsigned[31] = (unsigned[31] ?? 0) & 0x7f
  if (smallOrder.has(Buffer.from(unsigned).toString('hex'))) {
    throw new X509Refusal('weak-key', 'its Ed25519 key is a point of small order')
  }
  return 'Ed25519'
}

/** OpenSSL finds out whether a point is on its curve. */
function importKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: bufferOf(spki), format: 'der', type: 'spki' })
  } catch {
    throw new X509Refusal('weak-key', 'its key is not a point of its curve, or no key at all')
  }
}

function identifierOf(subjectPublicKey: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', subjectPublicKey, 'buffer').subarray(0, 20))
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
