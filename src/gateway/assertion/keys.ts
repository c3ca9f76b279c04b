import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Keyring, Place } from '#platform'
import type { StoredKey } from './key-store.ts'

/** ES256 (RFC 7518 §3.4): the one signature every JWT library verifies. */
const algorithm = 'ES256'
/** An assertion lives this long at most. */
export const assertionLifeMs = 300_000
/** A new key is published this long before it signs, so that upstreams which keep the JWKS have it in time. */
export const leadMs = 600_000

export interface SigningKey {
  readonly id: string
  readonly publicJwk: Readonly<Record<string, string>>
  readonly createdAt: number
  readonly privateKey: KeyObject
}

/** Makes a key pair; the private half leaves this function sealed. */
export function makeKey(keyring: Keyring, now: number): StoredKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { crv = '', x = '', y = '' } = publicKey.export({ format: 'jwk' })
  // RFC 7638 §3.2: the required members in this order
  const id = createHash('sha256')
    .update(JSON.stringify({ crv, kty: 'EC', x, y }))
    .digest('base64url')
  const sealed = keyring.seal(privateKey.export({ format: 'der', type: 'pkcs8' }), placeOf(id))
  const publicJwk = { kty: 'EC', crv, x, y, kid: id, alg: algorithm, use: 'sig' }
  return { id, publicJwk, sealedPrivateKey: sealed, createdAt: now }
}

/** @throws GateError `platform.sealed-value-damaged` */
export function openKey(keyring: Keyring, stored: StoredKey): SigningKey {
  const der = Buffer.from(keyring.open(stored.sealedPrivateKey, placeOf(stored.id)))
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return { id: stored.id, publicJwk: stored.publicJwk, createdAt: stored.createdAt, privateKey }
}

function placeOf(id: string): Place {
  return { table: 'gateway_assertion_keys', column: 'private_key', row: id }
}

/**
 * The key that signs now: the newest that has been published long enough, or the oldest when none has (the first one).
 *
 * @param keys oldest first
 */
export function signingKey<K extends { readonly createdAt: number }>(keys: readonly K[], now: number): K | undefined {
  return keys.findLast((key) => key.createdAt + leadMs <= now) ?? keys[0]
}

/** Keys that signed before the current one and whose last assertion has ended, with room for clocks that differ. */
export function endedKeys<K extends { readonly createdAt: number }>(keys: readonly K[], now: number): readonly K[] {
  const current = keys.findLastIndex((key) => key.createdAt + leadMs + 2 * assertionLifeMs <= now)
  return current <= 0 ? [] : keys.slice(0, current)
}

/** A compact JWS (RFC 7515 §3.1) over `claims`. Synchronous: made once per session, route and few minutes. */
export function signToken(key: SigningKey, claims: Readonly<Record<string, unknown>>): string {
  const header = Buffer.from(JSON.stringify({ alg: algorithm, typ: 'JWT', kid: key.id })).toString('base64url')
  const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  const signature = sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

/** Where a key is in its life: seen by upstreams, signing, or only verifying what it signed. */
export function keyState(
  keys: readonly { readonly id: string; readonly createdAt: number }[],
  key: { readonly id: string },
  now: number,
): 'published' | 'signing' | 'ending' {
  const current = signingKey(keys, now)
  if (current?.id === key.id) return 'signing'
  const ids = keys.map(({ id }) => id)
  return current !== undefined && ids.indexOf(key.id) < ids.indexOf(current.id) ? 'ending' : 'published'
}
