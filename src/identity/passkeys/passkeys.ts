import { type Ctx, GateError } from '#platform'
import { findAccount } from '../account-store.ts'
import {
  getResettable,
  makeCredential,
  readyCredential,
  resetOwn,
  type WantedCredential,
} from '../credentials/create.ts'
import type { Credential } from '../credentials/credential.ts'
import { findCandidates } from '../credentials/credential-store.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { type ChallengeUse, issueChallenge, redeemChallenge } from '../sign-in/challenges.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { authenticatorName } from './authenticator-names.ts'
import {
  type CreatedPasskey,
  creationOptions,
  type PasskeyFault,
  type PasskeyMaterial,
  verifyCreation,
} from './ceremonies.ts'
import { relyingParty } from './party.ts'
import { passkeyOf } from './prove-passkey.ts'
import { type CreationResponse, nonceOf } from './responses.ts'

export interface WantedPasskey extends Omit<WantedCredential, 'label'> {
  /** Empty: named after where it is kept. */
  readonly label: string
  /** Asked for after every other first factor. */
  readonly isSecond: boolean
  /** Absent: what came was no answer. */
  readonly answer: CreationResponse | undefined
}

/** One nonce for making a passkey for an account, wherever that is asked: in a session or a half sign-in. */
function makingUse(accountId: string): ChallengeUse {
  return { purpose: 'passkey-new', subject: accountId }
}

/** Options for making a passkey. An authenticator that holds one of the account's makes no second, but for a reset's own. */
export async function askForNewPasskey(parts: Parts, ctx: Ctx, accountId: string, replaces?: string) {
  const account = await findAccount(ctx.db, accountId)
  if (account === undefined) throw fail('identity.no-such-account')
  const { nonce } = issueChallenge(parts, makingUse(accountId), ctx.now)
  const known = await findCandidates(ctx.db, { accountId, kinds: ['passkey'] })
  const existing = known.filter(({ credential }) => credential.id !== replaces).map(passkeyOf)
  return creationOptions(relyingParty(parts), { account, nonce, existing })
}

/**
 * Makes a passkey for whoever acts, within what they came with. Permission and fresh proof are the caller's to ask.
 *
 * @param complete runs in the same transaction: what a half sign-in goes on to
 * @throws GateError `identity.passkey-refused`, `identity.credential-taken`, and as `makeCredential`
 */
export async function createPasskey<T>(
  parts: Parts,
  ctx: Ctx,
  wanted: WantedPasskey,
  complete: (tx: Ctx, made: { readonly credential: Credential; readonly userVerified: boolean }) => Promise<T>,
): Promise<T> {
  const { passkey, nonce } = await verifyNew(parts, wanted.answer)
  const { answer: _, isSecond, ...limits } = wanted
  const label = wanted.label.trim() === '' ? authenticatorName(passkey) : wanted.label
  const ready = await readyCredential(parts, ctx, { ...limits, label })
  return ctx.tx(async (tx) => {
    await redeem(parts, tx, nonce)
    const credential = await makeCredential(parts, tx, ready, {
      kind: 'passkey',
      isSecond,
      fingerprint: passkey.id,
      secret: () => kept(passkey),
    })
    return complete(tx, { credential, userVerified: passkey.userVerified })
  })
}

/** Puts another passkey in a credential's place. @throws GateError as `createPasskey` and `resetOwn` */
export async function resetPasskey(parts: Parts, ctx: Ctx, id: string, answer: CreationResponse | undefined) {
  await requireFreshProof(ctx)
  await getResettable(ctx, id, 'passkey')
  const { passkey, nonce } = await verifyNew(parts, answer)
  return resetOwn(parts, ctx, id, 'passkey', async (tx) => {
    await redeem(parts, tx, nonce)
    return { ...kept(passkey), fingerprint: passkey.id }
  })
}

async function verifyNew(
  parts: Parts,
  answer: CreationResponse | undefined,
): Promise<{ readonly passkey: CreatedPasskey; readonly nonce: string }> {
  const nonce = answer && nonceOf(answer)
  if (answer === undefined || nonce === undefined) throw refused('malformed')
  const verified = await verifyCreation(relyingParty(parts), answer, nonce)
  if ('fault' in verified) throw refused(verified.fault)
  return { passkey: verified.value, nonce }
}

async function redeem(parts: Parts, tx: Ctx, nonce: string): Promise<void> {
  try {
    await redeemChallenge(parts, tx, nonce, makingUse(tx.actor.principal.id))
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    throw refused(error.code === 'identity.challenge-expired' ? 'expired' : 'wrong-challenge')
  }
}

function kept(passkey: CreatedPasskey) {
  const { publicKey, transports, aaguid, synced, discoverable, counter } = passkey
  const material: PasskeyMaterial = { publicKey, transports, aaguid, synced, discoverable }
  return { material, counter }
}

function refused(fault: PasskeyFault | 'expired') {
  return fail('identity.passkey-refused', { fields: { reason: reasons[fault] } })
}

/** To its owner, who is signed in: there is nobody to keep in the dark. */
const reasons: Readonly<Record<PasskeyFault | 'expired', string>> = {
  malformed: 'it is no answer of an authenticator',
  'wrong-ceremony': 'it is an answer to something else',
  'wrong-challenge': 'it answers a question that was not asked here, or was answered before',
  expired: 'it came later than two minutes after the question',
  'wrong-origin': 'the browser made it on another site',
  'wrong-account': 'it is for another account',
  'weak-key': 'its key is too short',
  refused: 'it does not verify',
  cloned: 'its count of uses went back',
}
