import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Keyring } from '#platform'

/** A column that holds private keys. */
export type KeyTable = 'pki_authorities' | 'pki_certificates'

export interface NewKey {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  /** PKCS #8, sealed to its row. */
  readonly sealed: Uint8Array
}

/** A fresh P-256 key, sealed to the row it will be stored in. */
export function newSealedKey(keyring: Keyring, table: KeyTable, row: string): NewKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const plain = privateKey.export({ type: 'pkcs8', format: 'der' })
  const sealed = keyring.seal(plain, { table, column: 'sealed_key', row })
  plain.fill(0)
  return { publicKey, privateKey, sealed }
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
