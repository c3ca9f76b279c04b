import { createCipheriv, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import type { Random } from '#platform'
import { type Der, integer, nullValue, octetString, oid, sequence } from './der.ts'

/** Encryption by a password, PBES2 (RFC 8018 §6.2): AES-256-CBC under PBKDF2 with HMAC-SHA-256. */

export const pbes2Ids = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
} as const

const derive = promisify(pbkdf2)

/** What a password opens, and how: an EncryptedPrivateKeyInfo is the two in a sequence. */
export interface Sealed {
  /** AlgorithmIdentifier with its parameters. */
  readonly algorithm: Der
  readonly content: Uint8Array
}

/** @param iterations of PBKDF2, in the thread pool */
export async function sealPbes2(
  plain: Uint8Array,
  password: string,
  iterations: number,
  random: Random,
): Promise<Sealed> {
  const [salt, iv] = [random.bytes(16), random.bytes(16)]
  const secret = await derive(password, salt, iterations, 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', secret, iv)
  const content = Buffer.concat([cipher.update(plain), cipher.final()])
  secret.fill(0)
  const parameters = sequence(octetString(salt), integer(iterations), sequence(oid(pbes2Ids.hmacSha256), nullValue()))
  const algorithm = sequence(
    oid(pbes2Ids.pbes2),
    sequence(sequence(oid(pbes2Ids.pbkdf2), parameters), sequence(oid(pbes2Ids.aes256Cbc), octetString(iv))),
  )
  return { algorithm, content }
}
