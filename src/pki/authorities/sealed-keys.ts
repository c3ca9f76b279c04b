import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Keyring } from '#platform'
import { type NewKey, newP256Key } from '../new-key.ts'

/** A column that holds private keys. */
export type KeyTable = 'pki_authorities' | 'pki_authority_requests' | 'pki_certificates'

/** A fresh P-256 key, sealed to the row it will be stored in. */
export function newSealedKey(
  keyring: Keyring,
  table: KeyTable,
  row: string,
): NewKey & { /** PKCS #8, sealed to its row. */ readonly sealed: Uint8Array } {
  const made = newP256Key()
  return { ...made, sealed: sealKey(keyring, table, row, made.privateKey) }
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
