import { createPublicKey, hash, type JsonWebKey, type KeyObject } from 'node:crypto'
import { isSmallOrderPoint, weaknessOfModulus } from '#kit'
import { bigintOf, readBase64, readPem } from './encodings.ts'
import { readWire, WireFault, wireBytes, wireMagnitude } from './ssh-wire.ts'

/** Public keys people prove themselves with, read from what `openssl` and `ssh-keygen` write. */

export type CurveName = 'P-256' | 'P-384' | 'P-521'

/** RSA with its length in bits: 2048 to 8192. */
export type KeyKind = 'Ed25519' | CurveName | `RSA-${number}`

/** A key that was judged. However it was written, one key has one of these. */
export interface PublicKey {
  readonly kind: KeyKind
  readonly key: KeyObject
  /** SubjectPublicKeyInfo in DER, written by us. */
  readonly spki: Buffer
  /** SHA-256 of `spki`, base64url: what a key is looked up by. */
  readonly fingerprint: string
  /** As SSH carries it (RFC 4253 §6.6, RFC 5656, RFC 8709). */
  readonly ssh: Buffer
}

/** More than the longest key we take needs, RSA with 8192 bits in PEM (1.4 kB), however it is wrapped. */
export const longestPublicKey = 16_384

/** Why a text is no key to sign in with: one sentence for whoever pasted it, which repeats nothing of it. */
export class KeyRefusal extends Error {
  readonly code: 'malformed' | 'weak' | 'unsupported'
  readonly sentence: string

  constructor(code: KeyRefusal['code'], sentence: string) {
    super(sentence)
    this.name = 'KeyRefusal'
    this.code = code
    this.sentence = sentence
  }
}

/**
 * The public key a text is: PEM as OpenSSL writes it (`PUBLIC KEY`, `RSA PUBLIC KEY`) or one line as OpenSSH does.
 *
 * @throws KeyRefusal
 */
export function readPublicKey(text: string): PublicKey {
  if (text.length > longestPublicKey) {
    throw new KeyRefusal('malformed', 'This is longer than any public key. Paste the public key alone.')
  }
  const typed = text.trim()
  if (typed === '') throw new KeyRefusal('malformed', 'Paste a public key.')
  return typed.includes('----') ? keyOfPem(typed) : keyOfLine(typed)
}

/** The public half of a private key. @throws KeyRefusal */
export function publicHalf(key: KeyObject): PublicKey {
  return judged(jwkOfKey(createPublicKey(key)))
}

const derTypes: ReadonlyMap<string, 'spki' | 'pkcs1'> = new Map([
  ['PUBLIC KEY', 'spki'],
  ['RSA PUBLIC KEY', 'pkcs1'],
])

const otherBlocks: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-----/,
    'This is a certificate. Take the public key out of it: openssl x509 -in certificate.pem -pubkey -noout',
  ],
  [
    /-----BEGIN CERTIFICATE REQUEST-----/,
    'This is a request for a certificate. Take the public key out of it: openssl req -in request.pem -pubkey -noout',
  ],
  [
    /---- BEGIN SSH2 PUBLIC KEY ----/,
    'This is the form of other SSH programs. Turn it into OpenSSH’s: ssh-keygen -i -f key.pub',
  ],
  [/-----BEGIN SSH SIGNATURE-----/, 'This is a signature, not a key.'],
  [/-----BEGIN PGP /, 'OpenPGP keys cannot be used here. Make a key with openssl or ssh-keygen.'],
  [
    /-----BEGIN (?:EC|DSA|DH|RSA) PARAMETERS-----/,
    'These are parameters, not a key. Paste what begins with BEGIN PUBLIC KEY.',
  ],
]

function keyOfPem(text: string): PublicKey {
  for (const [form, sentence] of otherBlocks) if (form.test(text)) throw new KeyRefusal('unsupported', sentence)
  const block = readPem(text)
  const type = derTypes.get(block?.label ?? '')
  if (block === undefined || type === undefined) {
    throw new KeyRefusal(
      'malformed',
      'This is not one whole PEM public key. Paste everything from BEGIN PUBLIC KEY to END PUBLIC KEY, and nothing else.',
    )
  }
  return judged(jwkOf({ key: block.bytes, format: 'der', type }))
}

function jwkOf(encoded: { readonly key: Buffer; readonly format: 'der'; readonly type: 'spki' | 'pkcs1' }): JsonWebKey {
  let key: KeyObject
  try {
    key = createPublicKey(encoded)
  } catch {
    throw unreadable
  }
  return jwkOfKey(key)
}

function jwkOfKey(key: KeyObject): JsonWebKey {
  const type = key.asymmetricKeyType ?? ''
  const old = outdated.get(type)
  if (old !== undefined) throw new KeyRefusal('weak', `This is a ${old} key, which is outdated. ${useInstead}`)
  if (!['rsa', 'ec', 'ed25519'].includes(type)) {
    throw new KeyRefusal('unsupported', `Keys of this kind (${type}) cannot be used here. ${useInstead}`)
  }
  try {
    return key.export({ format: 'jwk' })
  } catch {
    // curves that JWK does not know
    throw otherCurve
  }
}

const useInstead = 'Make one with Ed25519, ECDSA (P-256, P-384, P-521) or RSA (2048 bits and more).'
const unreadable = new KeyRefusal('malformed', 'This public key is damaged: it cannot be read as one. Copy it again.')
const otherCurve = new KeyRefusal(
  'unsupported',
  `This key is on another curve than P-256, P-384 and P-521. ${useInstead}`,
)
const outdated: ReadonlyMap<string, string> = new Map([
  ['dsa', 'DSA'],
  ['dh', 'Diffie-Hellman'],
])

/** Algorithms of OpenSSH that are no keys we take, by the beginning of their name. */
const otherAlgorithms: readonly (readonly [RegExp, string])[] = [
  [/-cert-v\d+@/, 'This is an OpenSSH certificate. Paste the key it was made for: the .pub file without “-cert”.'],
  [
    /^sk-/,
    'This key lives in a security key, whose signatures say whether it was touched; they cannot be checked here. Add the security key as a passkey instead.',
  ],
  [/^(?:ssh-dss|pgp-sign-dss)$/, `This is a DSA key, which is outdated. ${useInstead}`],
  [/^(?:ssh-ed448|ecdsa-sha2-)/, `Keys of this kind cannot be used here. ${useInstead}`],
]

const sshCurves: ReadonlyMap<
  string,
  { readonly curve: CurveName; readonly name: string; readonly coordinate: number }
> = new Map([
  ['ecdsa-sha2-nistp256', { curve: 'P-256', name: 'nistp256', coordinate: 32 }],
  ['ecdsa-sha2-nistp384', { curve: 'P-384', name: 'nistp384', coordinate: 48 }],
  ['ecdsa-sha2-nistp521', { curve: 'P-521', name: 'nistp521', coordinate: 66 }],
])

/** `ssh-ed25519 AAAA… comment`; the comment is not looked at. */
function keyOfLine(text: string): PublicKey {
  const [line = '', ...others] = text.split(/\r\n|\r|\n/)
  if (others.some((other) => other.trim() !== '')) {
    throw new KeyRefusal('malformed', 'This is more than one line. Paste one public key: the one line of a .pub file.')
  }
  const [algorithm = '', encoded = ''] = line.split(/[ \t]+/)
  for (const [form, sentence] of otherAlgorithms) {
    if (form.test(algorithm) && !sshCurves.has(algorithm)) throw new KeyRefusal('unsupported', sentence)
  }
  if (algorithm !== 'ssh-rsa' && algorithm !== 'ssh-ed25519' && !sshCurves.has(algorithm)) throw noKey(line)
  const blob = readBase64(encoded)
  if (blob === undefined) throw unreadable
  return sshPublicKey(blob, algorithm)
}

function noKey(line: string): KeyRefusal {
  if (/(?:^|[ \t])(?:ssh-|ecdsa-sha2-|sk-)\S+[ \t]+AAAA/.test(line)) {
    return new KeyRefusal(
      'malformed',
      'Something stands before the key, as in a file of authorized keys. Paste from “ssh-” or “ecdsa-” on.',
    )
  }
  return new KeyRefusal(
    'malformed',
    'This is not a public key. Paste a PEM block (BEGIN PUBLIC KEY) or the line of a .pub file (ssh-ed25519 AAAA…).',
  )
}

/**
 * A key as SSH carries it.
 *
 * @param expected the algorithm it must name; absent: any we take
 * @throws KeyRefusal
 */
export function sshPublicKey(blob: Uint8Array, expected?: string): PublicKey {
  let jwk: JsonWebKey
  try {
    jwk = sshJwk(blob, expected)
  } catch (error) {
    if (error instanceof WireFault) throw unreadable
    throw error
  }
  return judged(jwk)
}

function sshJwk(blob: Uint8Array, expected: string | undefined): JsonWebKey {
  const reader = readWire(blob)
  const algorithm = reader.text()
  if (algorithm !== (expected ?? algorithm)) throw new WireFault('it names another algorithm')
  const jwk = sshFields(reader, algorithm)
  reader.end()
  return jwk
}

/** What follows the algorithm's name in a public key. @throws WireFault */
export function sshFields(reader: ReturnType<typeof readWire>, algorithm: string): JsonWebKey {
  if (algorithm === 'ssh-rsa') {
    const e = base64url(reader.magnitude())
    return { kty: 'RSA', e, n: base64url(reader.magnitude()) }
  }
  if (algorithm === 'ssh-ed25519') return { kty: 'OKP', crv: 'Ed25519', x: base64url(reader.bytes()) }
  const curve = sshCurves.get(algorithm)
  if (curve === undefined) throw new WireFault('it is of another kind')
  const name = reader.text()
  const point = reader.bytes()
  if (name !== curve.name || point[0] !== 4 || point.length !== 1 + 2 * curve.coordinate) {
    throw new WireFault('it is no point of its curve')
  }
  const [x, y] = [point.subarray(1, 1 + curve.coordinate), point.subarray(1 + curve.coordinate)]
  return { kty: 'EC', crv: curve.curve, x: base64url(x), y: base64url(y) }
}

/** Judges a key and writes it in the one form we keep: a curve spelled out by the sender becomes the one it was named after. */
function judged(jwk: JsonWebKey): PublicKey {
  const kind = kindOf(jwk)
  let key: KeyObject
  try {
    key = createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    throw new KeyRefusal('weak', 'This key is no point of its curve, so it is no key at all. Make a new one.')
  }
  const spki = key.export({ format: 'der', type: 'spki' })
  return { kind, key, spki, fingerprint: hash('sha256', spki, 'base64url'), ssh: sshForm(kind, jwk) }
}

function kindOf(jwk: JsonWebKey): KeyKind {
  if (jwk.kty === 'RSA') return rsaKind(bytesOf(jwk.n), bytesOf(jwk.e))
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519') {
    const point = bytesOf(jwk.x)
    if (point.length !== 32) throw unreadable
    if (isSmallOrderPoint(point)) {
      throw new KeyRefusal(
        'weak',
        'For this Ed25519 key anybody can sign: it is a point of small order. Make a new one.',
      )
    }
    return 'Ed25519'
  }
  if (jwk.kty === 'EC' && (jwk.crv === 'P-256' || jwk.crv === 'P-384' || jwk.crv === 'P-521')) return jwk.crv
  throw otherCurve
}

const smallestRsa = 2048
const largestRsa = 8192

function rsaKind(modulus: Buffer, exponent: Buffer): KeyKind {
  if (modulus.length === 0) throw unreadable
  const bits = modulus.length * 8 + 24 - Math.clz32(modulus[0] ?? 0)
  if (bits < smallestRsa) {
    throw new KeyRefusal('weak', `This RSA key has ${bits} bits, fewer than ${smallestRsa}. Make a longer one.`)
  }
  if (bits > largestRsa) {
    throw new KeyRefusal('unsupported', `This RSA key has ${bits} bits, more than ${largestRsa}. Make a shorter one.`)
  }
  const e = bigintOf(exponent)
  if (e < 65_537n || e % 2n === 0n) {
    throw new KeyRefusal('weak', 'This RSA key has a small or even exponent. Make one with the usual 65537.')
  }
  if (exponent.length > 8) {
    throw new KeyRefusal(
      'unsupported',
      'This RSA key has an exponent of more than 64 bits. Make one with the usual 65537.',
    )
  }
  const weakness = weaknessOfModulus(bigintOf(modulus))
  if (weakness !== undefined) throw new KeyRefusal('weak', `This RSA key ${weakness}. Make a new one.`)
  return `RSA-${bits}`
}

function sshForm(kind: KeyKind, jwk: JsonWebKey): Buffer {
  if (kind === 'Ed25519') return Buffer.concat([wireBytes('ssh-ed25519'), wireBytes(bytesOf(jwk.x))])
  for (const [algorithm, { curve, name }] of sshCurves) {
    if (curve !== kind) continue
    const point = Buffer.concat([Buffer.of(4), bytesOf(jwk.x), bytesOf(jwk.y)])
    return Buffer.concat([wireBytes(algorithm), wireBytes(name), wireBytes(point)])
  }
  return Buffer.concat([wireBytes('ssh-rsa'), wireMagnitude(bytesOf(jwk.e)), wireMagnitude(bytesOf(jwk.n))])
}

/** As `ssh-keygen -l` shows it. */
export function sshFingerprint({ ssh }: Pick<PublicKey, 'ssh'>): string {
  return `SHA256:${hash('sha256', ssh, 'base64').replace(/=+$/, '')}`
}

/** The line of a `.pub` file, without a comment. */
export function sshLine({ ssh }: Pick<PublicKey, 'ssh'>): string {
  return `${readWire(ssh).text()} ${ssh.toString('base64')}`
}

function bytesOf(text: string | undefined): Buffer {
  return Buffer.from(text ?? '', 'base64url')
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
