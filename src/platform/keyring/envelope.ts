import type { KeyObject } from 'node:crypto'
import type { Random } from '../clock.ts'
import { decrypt, encrypt, lengthPrefixed, nonceBytes, tagBytes } from './ciphers.ts'
import type { Place } from './keyring.ts'

/** `version (1) | key id (4, big-endian) | nonce (12) | ciphertext | tag (16)` */
const version = 1
const headerBytes = 5

/** What an envelope adds to the length of its content. */
export const envelopeOverhead = headerBytes + nonceBytes + tagBytes

/** Seals under one data key. The nonce is random: at most 2^32 values under one key, then rotate (SP 800-38D §8.3). */
export function sealEnvelope(
  key: KeyObject,
  keyId: number,
  plain: Uint8Array,
  place: Place,
  random: Random,
): Uint8Array {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt8(version)
  header.writeUInt32BE(keyId, 1)
  const nonce = random.bytes(nonceBytes)
  return Buffer.concat([header, nonce, encrypt(key, nonce, plain, additionalData(header, place))])
}

/** The id of the key an envelope says it is sealed under; nothing is verified yet. `undefined`: not an envelope. */
export function envelopeKeyId(sealed: Uint8Array): number | undefined {
  if (sealed.length < envelopeOverhead || sealed[0] !== version) return undefined
  return Buffer.from(sealed.buffer, sealed.byteOffset, headerBytes).readUInt32BE(1)
}

/** The content, or `undefined` when key, place or any byte differ. */
export function openEnvelope(key: KeyObject, sealed: Uint8Array, place: Place): Uint8Array | undefined {
  const header = sealed.subarray(0, headerBytes)
  const nonce = sealed.subarray(headerBytes, headerBytes + nonceBytes)
  return decrypt(key, nonce, sealed.subarray(headerBytes + nonceBytes), additionalData(header, place))
}

function additionalData(header: Uint8Array, place: Place): Uint8Array {
  return lengthPrefixed(['gatehouse field', header, place.table, place.column, place.row])
}
