import { createDecipheriv, createPrivateKey, type KeyObject, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '#platform'
import { octetString, sequence, tags } from '../x509/der.ts'
import { type DerElement, enter, oidOf, readDer, smallIntegerOf } from '../x509/der-reader.ts'
import { pbes2Ids, sealPbes2 } from '../x509/pbes2.ts'
import { readPem, writePem } from '../x509/pem.ts'
import { X509Refusal } from '../x509/refusal.ts'

/** Private keys as they travel: PKCS #8, encrypted by PBES2 (RFC 8018 §6.2, RFC 5958 §3). */

const derive = promisify(pbkdf2)

/** OWASP's figure for PBKDF2 with HMAC-SHA-256; OpenSSL's own default is 2,048. */
const iterations = 600_000
/** A file that asks for more is no key of anybody's but a way to keep a processor busy. */
const mostIterations = 10_000_000

const ids = pbes2Ids

const digests: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.2.7', 'sha1'],
  [ids.hmacSha256, 'sha256'],
  ['1.2.840.113549.2.10', 'sha384'],
  ['1.2.840.113549.2.11', 'sha512'],
])

const ciphers: ReadonlyMap<string, { readonly name: string; readonly keyBytes: number }> = new Map([
  ['2.16.840.1.101.3.4.1.2', { name: 'aes-128-cbc', keyBytes: 16 }],
  ['2.16.840.1.101.3.4.1.22', { name: 'aes-192-cbc', keyBytes: 24 }],
  [ids.aes256Cbc, { name: 'aes-256-cbc', keyBytes: 32 }],
  ['1.2.840.113549.3.7', { name: 'des-ede3-cbc', keyBytes: 24 }],
])

/** The key as encrypted PKCS #8 in PEM: AES-256-CBC under PBKDF2 with HMAC-SHA-256, which OpenSSL and GnuTLS read. */
export async function encryptPrivateKey(key: KeyObject, passphrase: string, random: Random): Promise<string> {
  const plain = key.export({ type: 'pkcs8', format: 'der' })
  const { algorithm, content } = await sealPbes2(plain, passphrase, iterations, random)
  plain.fill(0)
  return writePem('ENCRYPTED PRIVATE KEY', sequence(algorithm, octetString(content)))
}

const longestKey = 16_384

/**
 * A private key in PEM: PKCS #8, PKCS #1 or SEC 1, encrypted or not.
 *
 * @throws X509Refusal for everything else, and for a passphrase that does not open it
 */
export async function readPrivateKey(text: string, passphrase: string | undefined): Promise<KeyObject> {
  if (text.length > longestKey) throw new X509Refusal('too-large', `it is longer than ${longestKey} characters`)
  // openssl ecparam writes the curve before the key, which says it again
  const alone = text.replace(/-----BEGIN EC PARAMETERS-----[\sA-Za-z0-9+/=]*-----END EC PARAMETERS-----\s*/, '')
  if (alone.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')) {
    return decrypt(readPem(alone, ['ENCRYPTED PRIVATE KEY'], longestKey), requirePassphrase(passphrase))
  }
  // the form before PKCS #8, with its parameters in headers (RFC 1421): one round of MD5, so it costs nothing to open
  if (/^Proc-Type: 4,ENCRYPTED/m.test(alone)) return imported({ key: alone, format: 'pem', passphrase })
  const label = /-----BEGIN ((?:EC |RSA )?PRIVATE KEY)-----/.exec(alone)?.[1] ?? 'PRIVATE KEY'
  const der = Buffer.from(readPem(alone, [label], longestKey))
  const type = label === 'PRIVATE KEY' ? 'pkcs8' : label === 'EC PRIVATE KEY' ? 'sec1' : 'pkcs1'
  return imported({ key: der, format: 'der', type })
}

async function decrypt(der: Uint8Array, passphrase: string): Promise<KeyObject> {
  const outer = enter(readDer(der), tags.sequence, what)
  const scheme = enter(outer.take(tags.sequence), tags.sequence, what)
  const sealed = outer.take(tags.octetString).content
  outer.end()
  if (oidOf(scheme.take(tags.oid).content) !== ids.pbes2) throw unusual()
  const parameters = enter(scheme.take(tags.sequence), tags.sequence, what)
  const derivation = readDerivation(parameters.take(tags.sequence))
  const { name, keyBytes, iv } = readCipher(parameters.take(tags.sequence))
  const secret = await derive(passphrase, derivation.salt, derivation.iterations, keyBytes, derivation.digest)
  try {
    const decipher = createDecipheriv(name, secret, iv)
    const plain = Buffer.concat([decipher.update(sealed), decipher.final()])
    return imported({ key: plain, format: 'der', type: 'pkcs8' })
  } catch {
    throw notOpened()
  } finally {
    secret.fill(0)
  }
}

const what = 'encrypted key'

function readDerivation(element: DerElement) {
  const reader = enter(element, tags.sequence, what)
  if (oidOf(reader.take(tags.oid).content) !== ids.pbkdf2) throw unusual()
  const parameters = enter(reader.take(tags.sequence), tags.sequence, what)
  const salt = parameters.take(tags.octetString).content
  const count = smallIntegerOf(parameters.take(tags.integer).content, what)
  parameters.takeIf(tags.integer)
  const prf = parameters.takeIf(tags.sequence)
  parameters.end()
  const digest = prf === undefined ? 'sha1' : digests.get(oidOf(enter(prf, tags.sequence, what).take(tags.oid).content))
  if (digest === undefined || count < 1 || count > mostIterations) throw unusual()
  return { salt, iterations: count, digest }
}

function readCipher(element: DerElement) {
  const reader = enter(element, tags.sequence, what)
  const cipher = ciphers.get(oidOf(reader.take(tags.oid).content))
  const iv = reader.take(tags.octetString).content
  if (cipher === undefined) throw unusual()
  return { ...cipher, iv }
}

function imported(input: Parameters<typeof createPrivateKey>[0]): KeyObject {
  try {
    return createPrivateKey(input)
  } catch {
    throw notOpened()
  }
}

function requirePassphrase(passphrase: string | undefined): string {
  if (passphrase === undefined || passphrase === '')
    throw new X509Refusal('malformed', 'it is encrypted: a passphrase is needed')
  return passphrase
}

/** A wrong passphrase and a broken key look the same, and no more is said. */
function notOpened(): X509Refusal {
  return new X509Refusal('malformed', 'it does not open: the passphrase is another, or it is no private key')
}

function unusual(): X509Refusal {
  return new X509Refusal(
    'malformed',
    'it is encrypted in a way not read here; write it anew with openssl pkcs8 -topk8 -v2 aes-256-cbc',
  )
}
