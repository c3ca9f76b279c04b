import { createHash } from 'node:crypto'
import type { Ctx } from '#platform'
import { advanceCounter, findCandidates, type StoredCredential } from '../credentials/credential-store.ts'
import type { Parts } from '../parts.ts'
import {
  type Outcome,
  type Proven,
  type Proving,
  proveAttempt,
  type SignInAttempt,
  type Verified,
} from '../sign-in/attempts.ts'
import { type ChallengeUse, issueChallenge, redeemChallenge } from '../sign-in/challenges.ts'
import { assertionOptions, type Passkey, type PasskeyMaterial, verifyAssertion } from './ceremonies.ts'
import { relyingParty } from './party.ts'
import { type AssertionResponse, nonceOf } from './responses.ts'

const purpose = 'passkey'

/** What a passkey is asked for; an answer for one is none for another. */
export type PasskeyUse =
  /** By anybody, to sign in. */
  | { readonly kind: 'sign-in' }
  /** As second factor of one half sign-in. */
  | { readonly kind: 'second'; readonly signInId: string }
  /** Once more, in one session. */
  | { readonly kind: 'prove'; readonly sessionId: string }

function challengeUse(use: PasskeyUse): ChallengeUse {
  const subject = use.kind === 'sign-in' ? '' : use.kind === 'second' ? use.signInId : use.sessionId
  return { purpose, subject: `${use.kind} ${subject}` }
}

/** Options for the browser. For signing in without a handle any passkey will do; otherwise one of the account's. */
export async function askForPasskey(parts: Parts, ctx: Ctx, use: PasskeyUse, accountId: string | undefined) {
  const { nonce } = issueChallenge(parts, challengeUse(use), ctx.now)
  const allowed = accountId === undefined ? [] : await passkeysOf(ctx, { accountId, kinds: ['passkey'] })
  return assertionOptions(relyingParty(parts), nonce, allowed)
}

/**
 * Options for signing in as a handle that was typed, for authenticators that find no passkey by themselves. Whoever asks
 * learns nothing: a handle without passkeys, known or not, has one to three that look like any other and that nobody holds.
 */
export async function askForPasskeyOf(parts: Parts, ctx: Ctx, handle: string) {
  const { nonce } = issueChallenge(parts, challengeUse({ kind: 'sign-in' }), ctx.now)
  const found = await passkeysOf(ctx, { handle, kinds: ['passkey'] })
  return assertionOptions(relyingParty(parts), nonce, found.length > 0 ? found : decoys(parts, handle))
}

export interface PasskeyAttempt extends SignInAttempt {
  /** Absent: what came was none, and is an attempt like any other. */
  readonly answer: AssertionResponse | undefined
  readonly use: PasskeyUse
}

/** Proves a passkey, as `proveAttempt` proves everything. The handle counted under is that of the account it belongs to. */
export async function provePasskey<T>(
  parts: Parts,
  ctx: Ctx,
  tried: Omit<PasskeyAttempt, 'handle'>,
  onProven: (tx: Ctx, proven: Proven) => Promise<Outcome<T>>,
): Promise<T> {
  const id = tried.answer?.id ?? ''
  const [found] = await findCandidates(ctx.db, { fingerprint: id, kind: 'passkey' })
  const handle = found?.account.handle ?? `passkey ${id}`
  return proveAttempt(parts, ctx, { ...tried, handle }, { ...provingPasskey(parts, tried), onProven })
}

/** How a passkey is verified and used up; for second factors beside other kinds. */
export function provingPasskey(
  parts: Parts,
  { answer, use }: Pick<PasskeyAttempt, 'answer' | 'use'>,
): Omit<Proving<unknown>, 'onProven'> {
  const nonce = (answer && nonceOf(answer)) ?? ''
  let counter = 0
  return {
    async verify(ctx): Promise<Verified> {
      if (answer === undefined) return { fault: 'passkey-malformed' }
      const [found] = await findCandidates(ctx.db, { fingerprint: answer.id, kind: 'passkey' })
      const passkey = found === undefined ? nobodys(answer.id) : passkeyOf(found)
      const accountId = found?.account.id ?? ''
      const verified = await verifyAssertion(relyingParty(parts), answer, { nonce, passkey, accountId })
      if (found === undefined || 'fault' in verified) {
        return { account: found?.account, ...('fault' in verified && { fault: `passkey-${verified.fault}` }) }
      }
      counter = verified.value.counter
      return { account: found.account, proven: { ...found, userVerified: verified.value.userVerified } }
    },
    async confirm(tx, { credential }) {
      await redeemChallenge(parts, tx, nonce, challengeUse(use))
      // one that keeps no count has nothing to move; of two uses with the same count the second is refused
      return counter === 0 || advanceCounter(tx.db, credential.id, counter)
    },
  }
}

/** A stored passkey as it is verified. */
export function passkeyOf({ credential, material, counter }: StoredCredential): Passkey {
  return { ...(material as PasskeyMaterial), id: credential.fingerprint ?? '', counter: counter ?? 0 }
}

async function passkeysOf(ctx: Ctx, choice: Parameters<typeof findCandidates>[1]): Promise<readonly Passkey[]> {
  return (await findCandidates(ctx.db, choice)).map(passkeyOf)
}

/** Lengths of credential ids as authenticators make them. */
const idLengths = [16, 20, 32, 32, 48, 64]
/** The longest, and what tells its length. */
const bytesOfOne = 65

/**
 * The same ones for the same handle each time, as real ones would be: one mostly, as people have. One mac and one hash however
 * many they are: to make them takes about as long as to read a real one.
 */
function decoys({ kernel: { keyring } }: Parts, handle: string): readonly Pick<Passkey, 'id' | 'transports'>[] {
  const mac = keyring.mac('identity.no-passkey', handle)
  const [many = 0, ...bytes] = createHash('shake256', { outputLength: 1 + 3 * bytesOfOne })
    .update(mac)
    .digest()
  const count = many < 150 ? 1 : many < 225 ? 2 : 3
  return Array.from({ length: count }, (_, place) => {
    const [first = 0, ...rest] = bytes.slice(place * bytesOfOne, (place + 1) * bytesOfOne)
    const id = Buffer.from(rest.slice(0, idLengths[first % idLengths.length])).toString('base64url')
    return { id, transports: first < 128 ? ['internal', 'hybrid'] : ['nfc', 'usb'] }
  })
}

/** Verified against where nobody has the passkey, so that it takes as long; its private key was never kept. */
function nobodys(id: string): Passkey {
  return { id, publicKey: nobodysKey, counter: 0, transports: [], aaguid: '', synced: false, discoverable: false }
}
const nobodysKey =
  'pQECAyYgASFYIBHoBjHOP3Hnd55IJStWRrrnFsMhq7PFHlakfBS-8zHeIlggGI5PQ814nmhwYyugF0gio_wX20SVXJwbpRGvgrL-ISU'
