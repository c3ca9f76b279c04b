import { generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { KeyKind } from './x509/public-keys.ts'

export interface NewKey {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const generate = promisify(generateKeyPair)

/** A fresh key, off the event loop and to be made before a transaction: an RSA key takes seconds. */
export function newKey(kind: KeyKind): Promise<NewKey> {
  if (kind === 'P-256') return generate('ec', { namedCurve: 'prime256v1' })
  if (kind === 'P-384') return generate('ec', { namedCurve: 'secp384r1' })
  if (kind === 'P-521') return generate('ec', { namedCurve: 'secp521r1' })
  if (kind === 'Ed25519') return generate('ed25519')
  return generate('rsa', { modulusLength: Number(kind.slice(4)), publicExponent: 65_537 })
}

/** A fresh P-256 key at once: for transactions, in which nothing else may be waited for. */
export function newP256Key(): NewKey {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
}
