import { createHash, timingSafeEqual } from 'node:crypto'
import type { Keyring } from '#platform'
import { isLocalPath } from '../routing/target.ts'

/** What an app host asks the console to do: sign somebody in for this host, this browser and this page. */
export interface GateState {
  readonly host: string
  /** SHA-256 of the nonce cookie, base64url. */
  readonly nonceHash: string
  readonly returnPath: string
  readonly expiresAt: number
}

/** People type passwords and look for phones in the meantime. */
export const stateLifeMs = 600_000
const maxState = 8_192
const purpose = 'gateway-sign-in-state'

/** Readable by the browser, changeable by nobody. */
export function writeState(keyring: Pick<Keyring, 'mac'>, state: GateState): string {
  const payload = Buffer.from(
    JSON.stringify([state.host, state.nonceHash, state.returnPath, state.expiresAt]),
  ).toString('base64url')
  return `${payload}.${Buffer.from(keyring.mac(purpose, payload)).toString('base64url')}`
}

/** The state, if we wrote it and it has not ended; `undefined` for anything else. */
export function verifyState(keyring: Pick<Keyring, 'mac'>, text: string, now: number): GateState | undefined {
  if (text.length > maxState) return undefined
  const [payload, mac, ...rest] = text.split('.')
  if (payload === undefined || mac === undefined || rest.length > 0) return undefined
  const presented = Buffer.from(mac, 'base64url')
  const expected = Buffer.from(keyring.mac(purpose, payload))
  if (presented.length !== expected.length || !timingSafeEqual(presented, expected)) return undefined
  const [host, nonceHash, returnPath, expiresAt] = JSON.parse(
    Buffer.from(payload, 'base64url').toString(),
  ) as readonly [string, string, string, number]
  // our own words, still judged again: the check costs nothing and an open redirect would cost much
  if (expiresAt <= now || !isLocalPath(returnPath)) return undefined
  return { host, nonceHash, returnPath, expiresAt }
}

/** SHA-256 in base64url, as codes and nonces are stored. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** 32 random bytes as our cookies and codes carry them. */
export const secretPattern = /^[\w-]{43}$/
