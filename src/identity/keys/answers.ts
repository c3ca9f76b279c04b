import { type Ctx, consoleOrigin } from '#platform'
import { findCandidates, type StoredCredential } from '../credentials/credential-store.ts'
import type { Parts } from '../parts.ts'
import type { Proving, Verified } from '../sign-in/attempts.ts'
import { challengeEnd, issueChallenge, redeemChallenge } from '../sign-in/challenges.ts'
import { type ChallengePurpose, challengeText } from './challenge-text.ts'
import { readMac, verifyMac } from './macs.ts'
import { newSharedSecret, openSharedSecret, type SecretMaterial, sealSharedSecret } from './shared-secrets.ts'
import { createStandIns, createVerifyingKeys, findSigner, type KeyMaterial, readSignedAnswer } from './signatures.ts'

/** Whom a challenge is for, and what an answer to it does. */
export interface AnswerUse {
  readonly purpose: ChallengePurpose
  /** What it is bound to besides: the half sign-in or session that it completes; empty for a sign-in. */
  readonly within: string
  /** Folded, of the form that handles have. */
  readonly handle: string
}

export interface AskedChallenge {
  /** What is signed. */
  readonly text: string
  readonly nonce: string
  readonly expiresAt: number
}

export interface Answer {
  readonly nonce: string
  /** As it was pasted. */
  readonly answer: string
}

/** A line to sign. Stores nothing and looks nobody up: there is one for every handle. */
export function askForAnswer(parts: Parts, use: AnswerUse, now: number): AskedChallenge {
  const { nonce, expiresAt } = issueChallenge(parts, boundTo(use), now)
  return { text: textOf(parts, use, nonce, expiresAt), nonce, expiresAt }
}

function boundTo({ purpose, within, handle }: AnswerUse) {
  return { purpose: `key.${purpose}`, subject: JSON.stringify([handle, within]) }
}

function textOf({ kernel }: Parts, { purpose, handle }: AnswerUse, nonce: string, expiresAt: number): string {
  return challengeText({ origin: consoleOrigin(kernel), handle, purpose, nonce, expiresAt })
}

/** What answers prove. One for the room: it remembers keys. */
export interface KeyAnswers {
  /** The key's or shared secret's part of `proveAttempt`. */
  proving(use: AnswerUse, answer: Answer): Pick<Proving<never>, 'verify' | 'confirm'>
}

export function createKeyAnswers(parts: Parts): KeyAnswers {
  const verify = createVerifier(parts)
  return {
    proving(use, { nonce, answer }) {
      return {
        async verify(ctx) {
          const end = challengeEnd(parts, nonce, boundTo(use))
          const verified = await verify(ctx, use.handle, textOf(parts, use, nonce, end ?? 0), answer)
          // as much was done as for one of ours
          return end === undefined ? { account: verified.account, fault: 'challenge-wrong' } : verified
        },
        async confirm(tx) {
          await redeemChallenge(parts, tx, nonce, boundTo(use))
          return true
        },
      }
    },
  }
}

function createVerifier(parts: Parts) {
  const { keyring, random } = parts.kernel
  const keys = createVerifyingKeys()
  const standIn = createStandIns(random)
  const nobody = 'nobody'
  const secretOfNobody = sealSharedSecret(keyring, nobody, newSharedSecret(random))

  const secretProves = (id: string, material: SecretMaterial, mac: Uint8Array, text: string): boolean =>
    verifyMac(mac, openSharedSecret(keyring, id, material).reveal(), text)

  const byMac = (stored: readonly StoredCredential[], mac: Uint8Array, text: string) => {
    const right = stored.find(({ credential, material }) =>
      secretProves(credential.id, material as SecretMaterial, mac, text),
    )
    if (right !== undefined) return right
    // as much as for three, as with keys
    for (let tried = stored.length; tried < 3; tried += 1) secretProves(nobody, secretOfNobody, mac, text)
    return undefined
  }

  return async (ctx: Ctx, handle: string, text: string, pasted: string): Promise<Verified> => {
    const stored = await findCandidates(ctx.db, { handle, kinds: ['key', 'shared-secret'] })
    const account = stored[0]?.account
    const ofKind = (kind: string) => stored.filter(({ credential }) => credential.kind === kind)
    const mac = readMac(pasted)
    if (mac !== undefined) return { account, proven: byMac(ofKind('shared-secret'), mac, text) }
    const answer = readSignedAnswer(pasted)
    if (answer === undefined) return { account, fault: 'answer-malformed' }
    const signers = ofKind('key').map((one) => ({ ...keys(one.material as KeyMaterial), stored: one }))
    return { account, proven: findSigner(answer, signers, text, standIn)?.stored }
  }
}
