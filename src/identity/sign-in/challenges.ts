import { timingSafeEqual } from 'node:crypto'
import { type Ctx, isUniqueViolation } from '#platform'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { insertUsedChallenge } from './sign-in-store.ts'

/** How long a challenge may be answered. */
export const challengeLives = 2 * 60_000

const randomLength = 16
const expiryLength = 6
const macLength = 16
const wholeLength = randomLength + expiryLength + macLength

/** What a challenge is good for; an answer for something else is refused. */
export interface ChallengeUse {
  /** A constant of the caller's code: `key`, `passkey`. */
  readonly purpose: string
  /** Whom and what it is bound to: handle, account, session, browser. Exact text. */
  readonly subject: string
}

/**
 * A nonce nobody can foresee, good once within two minutes, for one purpose and subject. Nothing is stored until it is
 * redeemed: expiry and use are under its MAC, so strangers who ask for many cost no memory.
 *
 * @returns 51 characters of base64url, with when it ends (milliseconds since the epoch)
 */
export function issueChallenge(
  { kernel }: Parts,
  use: ChallengeUse,
  now: number,
): { readonly nonce: string; readonly expiresAt: number } {
  const expiresAt = now + challengeLives
  const head = Buffer.alloc(randomLength + expiryLength)
  head.set(kernel.random.bytes(randomLength))
  head.writeUIntBE(expiresAt, randomLength, expiryLength)
  return { nonce: Buffer.concat([head, macOf(kernel, head, use)]).toString('base64url'), expiresAt }
}

/** When a nonce of ours for this use ends; `undefined` for any other text. Says nothing about its use. */
export function challengeEnd({ kernel }: Parts, nonce: string, use: ChallengeUse): number | undefined {
  if (nonce.length > 2 * wholeLength) return undefined
  const bytes = Buffer.from(nonce, 'base64url')
  // one text each: base64url with other final bits would be a second name for a used nonce
  if (bytes.length !== wholeLength || bytes.toString('base64url') !== nonce) return undefined
  const head = bytes.subarray(0, randomLength + expiryLength)
  return timingSafeEqual(bytes.subarray(head.length), macOf(kernel, head, use))
    ? head.readUIntBE(randomLength, expiryLength)
    : undefined
}

/**
 * Uses a challenge up; of two answers at once one is refused. Must run inside `ctx.tx`: an answer undone with its
 * transaction may be given again.
 *
 * @throws GateError `identity.challenge-wrong` (not ours, or for something else), `identity.challenge-expired`,
 * `identity.challenge-used`
 */
export async function redeemChallenge(parts: Parts, tx: Ctx, nonce: string, use: ChallengeUse): Promise<void> {
  const end = challengeEnd(parts, nonce, use)
  if (end === undefined) throw fail('identity.challenge-wrong')
  if (end <= parts.kernel.clock.now()) throw fail('identity.challenge-expired')
  try {
    await tx.tx((inner) => insertUsedChallenge(inner.db, nonce, end))
  } catch (error) {
    throw isUniqueViolation(error) ? fail('identity.challenge-used', { cause: error }) : error
  }
}

function macOf({ keyring }: Parts['kernel'], head: Uint8Array, { purpose, subject }: ChallengeUse): Buffer {
  const text = JSON.stringify([purpose, subject, Buffer.from(head).toString('base64url')])
  return Buffer.from(keyring.mac('identity.challenge', text)).subarray(0, macLength)
}
