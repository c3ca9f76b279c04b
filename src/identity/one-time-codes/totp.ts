import { createRequire } from 'node:module'
import type { TOTP } from 'otpauth'
import { Secret } from '#kit'
import type { Random } from '#platform'

/** Loaded with the first code: nobody else waits for it at the start. */
const load = createRequire(import.meta.url)
const otp = () => load('otpauth') as typeof import('otpauth')

/**
 * Codes of authenticator apps (RFC 6238): SHA-1, six digits, thirty seconds. What the apps in use understand; many read
 * another choice from the address and then ignore it.
 */
const algorithm = 'SHA1'
const digits = 6
const period = 30
const secretBytes = 20

/** Steps before and after the present one whose codes count: a minute and a half in all, for clocks that differ. */
const tolerance = 1
/** How far apart clocks may be for us to say so: 20 minutes. */
const looked = 40

/** 160 random bits, as RFC 4226 recommends (section 4, R6), in base32. */
export function newTotpKey(random: Random): Secret {
  return new Secret(new (otp().Secret)({ buffer: Uint8Array.from(random.bytes(secretBytes)).buffer }).base32)
}

/** What an app reads from the QR code: `otpauth://totp/…`. Holds the secret. */
export function totpAddress(key: Secret, issuer: string, handle: string): Secret {
  return new Secret(generator(key, issuer, handle).toString())
}

/** The key for typing, in groups of four. */
export function totpText(key: Secret): Secret {
  return new Secret((key.reveal().match(/.{1,4}/g) ?? []).join(' '))
}

/**
 * The step whose code this is, of the present one and its two neighbours; `undefined` for any other text. Compares in
 * constant time. A step counts once: the caller moves the credential's counter forward to it, guarded, or refuses.
 *
 * @param now milliseconds
 */
export function matchingStep(key: Secret, typed: string, now: number): number | undefined {
  const delta = deltaOf(key, typed, now, tolerance)
  return delta === undefined ? undefined : stepAt(now) + delta
}

/**
 * How many milliseconds the clock that made a code differs from ours, where it is too far for the code to count; for
 * telling the owner of the secret while they set it up. Never for a sign-in, where it would widen what may be guessed.
 */
export function clockDifference(key: Secret, typed: string, now: number): number | undefined {
  const delta = deltaOf(key, typed, now, looked)
  return delta === undefined || Math.abs(delta) <= tolerance ? undefined : delta * period * 1_000
}

/** The number of the thirty seconds that `now` lies in. */
export function stepAt(now: number): number {
  return Math.floor(now / 1_000 / period)
}

/** People type codes as apps show them: `123 456`. */
export function foldCode(typed: string): string {
  return typed.normalize('NFKC').replaceAll(/[\s-]/g, '')
}

function deltaOf(key: Secret, typed: string, now: number, window: number): number | undefined {
  const token = foldCode(typed)
  if (!/^[0-9]{6}$/.test(token)) return undefined
  return generator(key).validate({ token, timestamp: now, window }) ?? undefined
}

function generator(key: Secret, issuer = '', label = ''): TOTP {
  const secret = otp().Secret.fromBase32(key.reveal())
  return new (otp().TOTP)({ issuer, label, algorithm, digits, period, secret })
}
