import { timingSafeEqual } from 'node:crypto'
import type { Keyring, Random, SetCookie } from '#platform'

export const deviceCookieName = '__Host-gatehouse-device'
const year = 366 * 24 * 60 * 60

/** The browser's id from its device cookie, if we signed it. Proves only that this browser got it from us. */
export function findDevice(keyring: Keyring, cookies: ReadonlyMap<string, string>): string | undefined {
  const match = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/.exec(cookies.get(deviceCookieName) ?? '')
  if (match?.[1] === undefined || match[2] === undefined) return undefined
  const given = Buffer.from(match[2], 'base64url')
  const expected = macOf(keyring, match[1])
  return given.length === expected.length && timingSafeEqual(given, expected) ? match[1] : undefined
}

/** A new id for a browser. */
export function newDevice(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('base64url')
}

export function deviceCookie(keyring: Keyring, device: string): SetCookie {
  const value = `${device}.${macOf(keyring, device).toString('base64url')}`
  return { name: deviceCookieName, value, maxAge: year, sameSite: 'Strict' }
}

function macOf(keyring: Keyring, device: string): Buffer {
  return Buffer.from(keyring.mac('identity.device', device))
}
