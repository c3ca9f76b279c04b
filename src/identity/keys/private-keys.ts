import { createPrivateKey, type JsonWebKey, type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '#platform'
import { bigintOf, readBase64, readPem } from './encodings.ts'
import { type PublicKey, publicHalf, sshFields, sshPublicKey } from './public-keys.ts'
import { readWire } from './ssh-wire.ts'

/** Private keys pasted where a public one belongs. What is read here is used in memory and kept nowhere. */

export interface PastedPrivateKey {
  /** Of the key that was given away, where it can be told; its kind is one we take. */
  readonly publicKey: PublicKey | undefined
  /**
   * The private key itself, readable by anybody who saw the text. Absent when it is encrypted: then only the public half
   * is told, which everybody may know.
   */
  readonly key: KeyObject | undefined
}

/**
 * Whether a text holds a private key of whatever program, even damaged, quoted, encrypted or without its first line; then
 * what can be told of it. Leans towards yes: a text that is no key is refused either way.
 */
export function findPrivateKey(text: string): PastedPrivateKey | undefined {
  const looks = marks.some((mark) => mark.test(text)) || isJsonPrivateKey(text) || isBarePrivateKey(text)
  return looks ? (derived(text) ?? { publicKey: undefined, key: undefined }) : undefined
}

const marks: readonly RegExp[] = [
  // PEM, OpenSSH, SSH2 and OpenPGP alike, with or without their dashes
  /\b(?:BEGIN|END)\s+(?:[A-Z0-9]+\s+){0,3}PRIVATE\s+KEY/i,
  /PuTTY-User-Key-File-|^[ \t]*Private-Lines:/im,
  /AGE-SECRET-KEY-1/i,
  // "openssh-key-v1" in base64
  /b3BlbnNzaC1rZXktdjE/,
]

/** A JSON web key with its private part. */
function isJsonPrivateKey(text: string): boolean {
  return /"kty"\s*:/.test(text) && /"(?:d|k)"\s*:/.test(text)
}

/**
 * Base64 of a private key in DER, without a PEM line: a SEQUENCE that begins with a small INTEGER, which is a version.
 * Public keys begin with another SEQUENCE or with a large one. Encrypted ones name their encryption (PKCS #5 or #12).
 */
function isBarePrivateKey(text: string): boolean {
  const [head = ''] = /[A-Za-z0-9+/]{24,}/.exec(text) ?? []
  const der = Buffer.from(head, 'base64').toString('hex')
  return (
    /^30(?:[0-7].|81..|82....)02010[01]/.test(der) ||
    /^30(?:[0-7].|81..|82....)30..06(?:09|0a)2a864886f70d01(?:05|0c)/.test(der)
  )
}

function derived(text: string): PastedPrivateKey | undefined {
  try {
    const block = wholeBlock(text)
    if (block?.label === 'OPENSSH PRIVATE KEY') return ofOpenSsh(block.bytes)
    const key = block === undefined ? undefined : keyOfDer(block.label, block.bytes)
    return key === undefined ? ofPutty(text) : { publicKey: publicHalf(key), key }
  } catch {
    // of a kind we do not take, damaged, or encrypted: nothing can be told of it
    return undefined
  }
}

/** The first block of a private key, with what quoting put before its lines taken off. */
function wholeBlock(text: string) {
  const [block] =
    /-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY-----[\s\S]*?-----END (?:[A-Z0-9]+ ){0,2}PRIVATE KEY-----/.exec(text) ??
    []
  return block === undefined ? undefined : readPem(block.replaceAll(/^[>|\s]+/gm, ''))
}

function keyOfDer(label: string, bytes: Buffer): KeyObject | undefined {
  const type = ({ 'PRIVATE KEY': 'pkcs8', 'RSA PRIVATE KEY': 'pkcs1', 'EC PRIVATE KEY': 'sec1' } as const)[label]
  return type && createPrivateKey({ key: bytes, format: 'der', type })
}

/** OpenSSH keeps the public half in clear, whether or not the private one is encrypted (PROTOCOL.key). */
function ofOpenSsh(bytes: Buffer): PastedPrivateKey {
  const reader = readWire(bytes)
  reader.literal('openssh-key-v1\0')
  const cipher = reader.text()
  reader.text()
  reader.bytes()
  if (reader.uint32() !== 1) throw new RangeError('several keys')
  const publicKey = sshPublicKey(reader.bytes())
  return { publicKey, key: cipher === 'none' ? readOr(() => keyOfOpenSsh(reader.bytes())) : undefined }
}

function keyOfOpenSsh(section: Buffer): KeyObject {
  const reader = readWire(section)
  const check = reader.uint32()
  if (reader.uint32() !== check) throw new RangeError('its check numbers differ')
  const algorithm = reader.text()
  return createPrivateKey({ key: privateFields(reader, algorithm), format: 'jwk' })
}

function privateFields(reader: ReturnType<typeof readWire>, algorithm: string): JsonWebKey {
  if (algorithm !== 'ssh-rsa') {
    const jwk = sshFields(reader, algorithm)
    const secret = algorithm === 'ssh-ed25519' ? reader.bytes().subarray(0, 32) : reader.magnitude()
    const length = Buffer.from(jwk.x ?? '', 'base64url').length
    return { ...jwk, d: base64url(Buffer.concat([Buffer.alloc(Math.max(0, length - secret.length)), secret])) }
  }
  const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => reader.magnitude()) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ]
  const rest = (prime: Buffer): Buffer => {
    const hex = (bigintOf(d) % (bigintOf(prime) - 1n)).toString(16)
    return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  }
  const numbers = { n, e, d, p, q, dp: rest(p), dq: rest(q), qi }
  return {
    kty: 'RSA',
    ...Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, base64url(number)])),
  }
}

/** PuTTY's files keep the public half in clear too. */
function ofPutty(text: string): PastedPrivateKey | undefined {
  const lines = /^Public-Lines: \d+\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)/m.exec(text)?.[1]
  const blob = lines === undefined ? undefined : readBase64(lines)
  return blob && { publicKey: sshPublicKey(blob), key: undefined }
}

const signAsync = promisify(sign)
const verifyAsync = promisify(verify)

/**
 * Whether the text held the private key of exactly this public one: it signs what it could not know before. A file can
 * name any public key beside a private one, so without this anybody could have anybody's keys revoked.
 */
export async function provesKey({ key, publicKey }: PastedPrivateKey, random: Random): Promise<boolean> {
  if (key === undefined || publicKey === undefined) return false
  const digest = publicKey.kind === 'Ed25519' ? null : 'sha256'
  const text = random.bytes(32)
  try {
    return await verifyAsync(digest, text, publicKey.key, await signAsync(digest, text, key))
  } catch {
    return false
  }
}

function readOr<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
