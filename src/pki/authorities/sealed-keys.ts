import { createPrivateKey, generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Keyring } from '#platform'
import type { KeyAlgorithm } from './contract.ts'

export type { KeyAlgorithm } from './contract.ts'

/** A column that holds private keys. */
export type KeyTable = 'pki_authorities' | 'pki_authority_requests' | 'pki_certificates'

export interface NewKey {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** A fresh P-256 key, sealed to the row it will be stored in. */
export function newSealedKey(
  keyring: Keyring,
  table: KeyTable,
  row: string,
): NewKey & { /** PKCS #8, sealed to its row. */ readonly sealed: Uint8Array } {
  const made = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return { ...made, sealed: sealKey(keyring, table, row, made.privateKey) }
}

const generate = promisify(generateKeyPair)

/** A fresh key of any kind, off the event loop: an RSA key takes seconds. */
export function newKey(algorithm: KeyAlgorithm): Promise<NewKey> {
  if (algorithm === 'P-256') return generate('ec', { namedCurve: 'prime256v1' })
  if (algorithm === 'P-384') return generate('ec', { namedCurve: 'secp384r1' })
  return generate('rsa', { modulusLength: Number(algorithm.slice(4)), publicExponent: 65_537 })
}

/** PKCS #8, sealed to the row it will be stored in. */
export function sealKey(keyring: Keyring, table: KeyTable, row: string, privateKey: KeyObject): Uint8Array {
  const plain = privateKey.export({ type: 'pkcs8', format: 'der' })
  const sealed = keyring.seal(plain, { table, column: 'sealed_key', row })
  plain.fill(0)
  return sealed
}

/**
 * The private key of a row.
 *
 * @throws GateError `platform.sealed-value-damaged` when it does not open there
 */
export function openSealedKey(keyring: Keyring, table: KeyTable, row: string, sealed: Uint8Array): KeyObject {
  const plain = Buffer.from(keyring.open(sealed, { table, column: 'sealed_key', row }))
  try {
    return createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' })
  } finally {
    plain.fill(0)
  }
}
