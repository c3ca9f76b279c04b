import { constants, createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import type { Random } from '#platform'
import { readBase64 } from './encodings.ts'
import type { CurveName, KeyKind, PublicKey } from './public-keys.ts'
import { readWire } from './ssh-wire.ts'
import { readSshSignature, type SshSignature, sshSignedBytes } from './sshsig.ts'

/**
 * Answers to a challenge, as people's tools print them. What is signed is the text in UTF-8, as `printf %s` and `echo -n`
 * give it; the same text with one line break behind it counts too, since `echo` and editors add one.
 */

/** More than the longest answer, an SSHSIG armour of RSA with 8192 bits (4.4 kB). */
export const longestAnswer = 16_384

/** What a key needs to be verified with. */
export interface VerifyingKey {
  readonly kind: KeyKind
  readonly key: KeyObject
  /** As SSH carries it. */
  readonly ssh: Uint8Array
  /** What its owner's tool used last; the other padding is tried too. */
  readonly lately: { pss: boolean }
}

/** What is kept of a public key, base64. */
export interface KeyMaterial {
  readonly kind: KeyKind
  readonly spki: string
  readonly ssh: string
}

export function keyMaterial({ kind, spki, ssh }: PublicKey): KeyMaterial {
  return { kind, spki: spki.toString('base64'), ssh: ssh.toString('base64') }
}

const mostKept = 1_000

/**
 * Keys ready to verify with. OpenSSL takes longer to read a key than to verify with it, so those used last are kept; they
 * are found by their whole content, so nothing that is kept can be out of date.
 */
export function createVerifyingKeys(): (material: KeyMaterial) => VerifyingKey {
  const kept = new Map<string, VerifyingKey>()
  return (material) => {
    const { kind, spki, ssh } = material
    const present = kept.get(spki)
    if (present !== undefined) return present
    const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })
    if (kept.size >= mostKept) kept.clear()
    const ready = { kind, key, ssh: Buffer.from(ssh, 'base64'), lately: { pss: false } }
    kept.set(spki, ready)
    return ready
  }
}

/** An answer that has the form of a signature. */
export type SignedAnswer =
  | { readonly form: 'raw'; readonly signature: Buffer }
  | { readonly form: 'ssh'; readonly signature: SshSignature }

/** Reads what was pasted: base64 or an SSH armour; `undefined` for anything else. Never throws. */
export function readSignedAnswer(pasted: string): SignedAnswer | undefined {
  if (pasted.length > longestAnswer) return undefined
  if (pasted.includes('-----')) {
    const signature = readSshSignature(pasted)
    return signature && { form: 'ssh', signature }
  }
  const signature = readBase64(pasted)
  return signature && signature.length <= longestSignature ? { form: 'raw', signature } : undefined
}

const longestSignature = 1_024

/** What tells signatures apart before any key is tried: the kind of key, with RSA's length in whole bytes. */
export type Shape = KeyKind

export function shapeOfKey(kind: KeyKind): Shape {
  return kind.startsWith('RSA-') ? rsaShape(Math.ceil(Number(kind.slice(4)) / 8)) : kind
}

function rsaShape(bytes: number): Shape {
  return `RSA-${bytes * 8}`
}

/** The shapes of key that an answer may be of, by its form alone; at most two. */
export function shapesOf(answer: SignedAnswer): readonly Shape[] {
  if (answer.form === 'ssh') return sshShape(answer.signature)
  const { signature } = answer
  const shapes: Shape[] = signature.length === 64 ? ['Ed25519'] : []
  const inDer = curveOfDer(signature)
  const curve = inDer ?? curves.find((one) => signature.length === 2 * coordinates[one])
  if (curve !== undefined) shapes.push(curve)
  return signature.length >= 256 ? [...shapes, rsaShape(signature.length)] : shapes
}

function sshShape({ algorithm, signature }: SshSignature): readonly Shape[] {
  if (algorithm === 'ssh-ed25519') return ['Ed25519']
  const curve = curves.find((one) => sshCurves[one].name === algorithm)
  if (curve !== undefined) return [curve]
  // its length and the number itself
  const bytes = signature.length - 4
  return algorithm.startsWith('rsa-') && bytes >= 256 && bytes <= longestSignature ? [rsaShape(bytes)] : []
}

/** Whether the answer is the key's signature of the text. Never throws: what OpenSSL rejects is no signature. */
export function verifyAnswer(answer: SignedAnswer, key: VerifyingKey, text: string): boolean {
  const isOfKey = shapesOf(answer).includes(shapeOfKey(key.kind)) && namesKey(answer, key)
  return isOfKey && tryAnswer(answer, key, text)
}

/** Whether an SSH signature names this key as its maker; others name none. */
function namesKey(answer: SignedAnswer, { ssh }: VerifyingKey): boolean {
  return answer.form === 'raw' || answer.signature.publicKey.equals(ssh)
}

/** The work of verifying, whatever key the answer names. */
function tryAnswer(answer: SignedAnswer, key: VerifyingKey, text: string): boolean {
  try {
    return [text, `${text}\n`].some((signed) =>
      answer.form === 'ssh' ? verifySsh(answer.signature, key, signed) : verifyRaw(answer.signature, key, signed),
    )
  } catch {
    return false
  }
}

/**
 * Which of the keys made the answer: the first that did. For every shape the answer may be of, a wrong one costs as much
 * where there is no such key as where there are up to three, so that the time does not tell who has which.
 */
export function findSigner<Key extends VerifyingKey>(
  answer: SignedAnswer,
  keys: readonly Key[],
  text: string,
  standIn: (shape: Shape) => VerifyingKey,
): Key | undefined {
  for (const shape of shapesOf(answer)) {
    const fitting = keys.filter((key) => shapeOfKey(key.kind) === shape && namesKey(answer, key))
    const signer = fitting.find((key) => tryAnswer(answer, key, text))
    if (signer !== undefined) return signer
    for (let tried = fitting.length; tried < leastTries(answer); tried += 1) tryAnswer(answer, standIn(shape), text)
  }
  return undefined
}

/** An SSH signature names its key, so one at most is tried. */
function leastTries({ form }: SignedAnswer): number {
  return form === 'ssh' ? 1 : 3
}

/** Keys nobody has: to spend on them what verifying takes. */
export function createStandIns(random: Random): (shape: Shape) => VerifyingKey {
  const kept = new Map<Shape, VerifyingKey>()
  return (shape) => {
    const present = kept.get(shape)
    if (present !== undefined) return present
    const made = { kind: shape, key: keyOfNobody(shape, random), ssh: Buffer.of(), lately: { pss: false } }
    kept.set(shape, made)
    return made
  }
}

function keyOfNobody(shape: Shape, random: Random): KeyObject {
  if (shape === 'Ed25519') return generateKeyPairSync('ed25519').publicKey
  if (isCurve(shape)) return generateKeyPairSync('ec', { namedCurve: shape }).publicKey
  // no primes are needed: any odd number of the length takes as long
  const modulus = Buffer.from(random.bytes(Number(shape.slice(4)) / 8))
  modulus[0] = (modulus[0] ?? 0) | 0x80
  modulus[modulus.length - 1] = (modulus.at(-1) ?? 0) | 1
  return createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }, format: 'jwk' })
}

const curves = ['P-256', 'P-384', 'P-521'] as const
const coordinates: Readonly<Record<CurveName, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 }

function isCurve(kind: KeyKind): kind is CurveName {
  return kind in coordinates
}

function verifyRaw(signature: Buffer, verifying: VerifyingKey, text: string): boolean {
  const { kind, key } = verifying
  const data = Buffer.from(text)
  if (kind === 'Ed25519') return verify(null, data, key, signature)
  return isCurve(kind) ? verifyEcdsa(signature, kind, key, data) : verifyRsa(signature, verifying, data)
}

/** PKCS #1 v1.5 or PSS with a salt of whatever length (RFC 8017 §8), SHA-256 alone; first what the key's owner used last. */
function verifyRsa(signature: Buffer, { key, lately }: VerifyingKey, data: Buffer): boolean {
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
  if (verify('sha256', data, lately.pss ? pss : key, signature)) return true
  if (!verify('sha256', data, lately.pss ? key : pss, signature)) return false
  lately.pss = !lately.pss
  return true
}

/**
 * DER as OpenSSL writes it, or the two numbers side by side (IEEE P1363). Of each signature another can be made by
 * negating s. Both are taken: tools do not agree on one, and a challenge counts once whatever answers it.
 */
function verifyEcdsa(signature: Buffer, curve: CurveName, key: KeyObject, data: Buffer): boolean {
  const width = coordinates[curve]
  if (curveOfDer(signature) === curve && verify('sha256', data, key, signature)) return true
  return signature.length === 2 * width && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

/**
 * The curve of a signature in DER, two numbers in their one encoding (X.690 §10.1, RFC 3279 §2.2.3): the smallest that is
 * wide enough. Of a wider one both numbers are that small once in 2¹²⁸.
 */
function curveOfDer(der: Buffer): CurveName | undefined {
  const long = der[1] === 0x81
  const begin = long ? 3 : 2
  const length = der[begin - 1] ?? 0
  if (der[0] !== 0x30 || (long ? length < 0x80 : length >= 0x80) || begin + length !== der.length) return undefined
  const r = derNumber(der, begin)
  const s = r === undefined ? undefined : derNumber(der, r.end)
  if (r === undefined || s?.end !== der.length) return undefined
  return curves.find((curve) => Math.max(r.width, s.width) <= coordinates[curve])
}

/** How wide a number that begins here is, and where it ends; `undefined` when it is negative or not minimal. */
function derNumber(der: Buffer, at: number): { readonly width: number; readonly end: number } | undefined {
  const length = der[at + 1] ?? 0
  const end = at + 2 + length
  const [first = 0x80, second = 0x80] = der.subarray(at + 2, end)
  if (der[at] !== 2 || length === 0 || length >= 0x80 || end > der.length || first >= 0x80) return undefined
  if (first === 0 && second < 0x80) return undefined
  return { width: length - (first === 0 ? 1 : 0), end }
}

function padded(magnitude: Buffer, width: number): Buffer {
  return Buffer.concat([Buffer.alloc(Math.max(0, width - magnitude.length)), magnitude])
}

function verifySsh({ hash: digest, algorithm, signature }: SshSignature, key: VerifyingKey, text: string): boolean {
  const data = sshSignedBytes(text, digest)
  const reader = readWire(signature)
  const bytes = reader.bytes()
  reader.end()
  const { kind } = key
  if (kind === 'Ed25519') return algorithm === 'ssh-ed25519' && verify(null, data, key.key, bytes)
  if (isCurve(kind)) {
    const { name, digest: ofCurve } = sshCurves[kind]
    return (
      algorithm === name && verify(ofCurve, data, { key: key.key, dsaEncoding: 'ieee-p1363' }, sshPair(bytes, kind))
    )
  }
  // `ssh-rsa` is SHA-1
  const ofRsa = ({ 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' } as const)[algorithm]
  return ofRsa !== undefined && verify(ofRsa, data, key.key, bytes)
}

const sshCurves: Readonly<Record<CurveName, { readonly name: string; readonly digest: string }>> = {
  'P-256': { name: 'ecdsa-sha2-nistp256', digest: 'sha256' },
  'P-384': { name: 'ecdsa-sha2-nistp384', digest: 'sha384' },
  'P-521': { name: 'ecdsa-sha2-nistp521', digest: 'sha512' },
}

/** Two numbers of SSH side by side (RFC 5656 §3.1.2). */
function sshPair(bytes: Buffer, curve: CurveName): Buffer {
  const reader = readWire(bytes)
  const numbers = [reader.magnitude(), reader.magnitude()]
  reader.end()
  return Buffer.concat(numbers.map((number) => padded(number, coordinates[curve])))
}
