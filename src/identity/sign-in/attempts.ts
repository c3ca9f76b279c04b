import { type Actor, clientName, limitsWithin } from '#kit'
import { type Ctx, GateError, type Keyring, type TxOptions } from '#platform'
import { actorCredential, type Credential } from '../credentials/credential.ts'
import {
  findCandidates,
  listCredentials,
  noteCredentialUse,
  type Owner,
  type StoredCredential,
} from '../credentials/credential-store.ts'
import { fail } from '../errors.ts'
import { foldHandle } from '../handles.ts'
import type { Parts } from '../parts.ts'
import { isActiveNow } from '../suspension/suspension.ts'
import { type Attempt, type CountedAttempt, countSignInAttempt, settleRightAttempt } from '../throttles.ts'

export interface SignInAttempt {
  /** As typed, or that of the account a passkey names. */
  readonly handle: string
  /** The browser's proven device id; absent for programs and new browsers. */
  readonly device: string | undefined
  /** The id the browser will have once it has signed in. */
  readonly nextDevice: string | undefined
  /** As the program calls itself, for the note of the use. */
  readonly client?: string | undefined
}

/** A credential that was just proved. */
export interface Proven {
  readonly account: Owner
  readonly credential: Credential
  /** The authenticator checked the person too (fingerprint, PIN): two factors in one. */
  readonly userVerified?: boolean
}

/** What a kind found out about an attempt. */
export interface Verified {
  /** Whom it was about, right or wrong; absent where nobody has the handle. */
  readonly account?: Owner | undefined
  readonly proven?: Proven | undefined
  /** Why nothing was proved, for the journal alone; absent: `not-proven`. */
  readonly fault?: string
}

/** What a proof led to. */
export interface Outcome<T> {
  readonly result: T
  /** Whether the sign-in is complete. Of a half one the counters forget nothing: the second factor is guessed under them. */
  readonly whole: boolean
}

export interface Proving<T> {
  /**
   * Does the same work whoever is meant: look-up and verification. Runs outside any transaction and may be slow.
   *
   * @param handle folded
   */
  verify(ctx: Ctx, handle: string): Promise<Verified>
  /**
   * Work on what was proved and may be used here: nobody else is to wait longer for a refusal because of it. Runs outside
   * any transaction; answers what goes on.
   */
  keepUp?(ctx: Ctx, proven: Proven): Promise<Proven>
  /**
   * Once more inside the transaction: uses up what is good once, and sees that what was verified is still so. False, or
   * a GateError about a challenge, counts as wrong.
   *
   * @param stored as it is now
   */
  confirm?(tx: Ctx, proven: Proven, stored: StoredCredential): Promise<boolean>
  /** In the transaction that settles the attempt, acting as the account. */
  onProven(tx: Ctx, proven: Proven): Promise<Outcome<T>>
}

/**
 * The one way of every proof by a person, whatever its kind: one transaction that counts the attempt, one verification, one
 * transaction that records the outcome. Unknown, disabled and known handles differ in nothing, so neither the answer nor
 * its time tells whether an account exists. What was proved may still not be usable from here (network, region, end):
 * that is answered the same, and journalled with its reason.
 *
 * @throws GateError `identity.sign-in-failed`, `identity.try-later`
 */
export async function proveAttempt<T>(parts: Parts, ctx: Ctx, tried: SignInAttempt, proving: Proving<T>): Promise<T> {
  const attempt: Attempt = { handle: foldHandle(tried.handle), address: ctx.actor.address, device: tried.device }
  // right and wrong are both told after a commit of their own, which takes this one along
  const counted = await countOrJournal(parts, ctx, attempt, { durableWithNext: true })
  const { account, proven: verified, fault: unproven = notProven } = await proving.verify(ctx, attempt.handle)
  let fault = verified === undefined ? unproven : await usageFault(parts, ctx, verified)
  if (verified !== undefined && fault === undefined) {
    const proven = (await proving.keepUp?.(ctx, verified)) ?? verified
    const outcome = await complete(parts, ctx, { attempt, tried, counted, proven, proving })
    if (typeof outcome !== 'string') return outcome.result
    fault = outcome
  }
  await recordFailure(parts.kernel.keyring, ctx, attempt, account ?? verified?.account, fault ?? notProven)
  throw fail('identity.sign-in-failed')
}

/** Counts an attempt before it is looked at; one that must wait is journalled. @throws GateError `identity.try-later` */
export async function countOrJournal(
  parts: Parts,
  ctx: Ctx,
  attempt: Attempt,
  options?: TxOptions,
): Promise<CountedAttempt> {
  try {
    return await ctx.tx((tx) => countSignInAttempt(tx, parts.kernel.keyring, attempt), options)
  } catch (error) {
    if (error instanceof GateError && error.code === 'identity.try-later') {
      const reason = 'Too many attempts to sign in.'
      const decision = { allowed: false, step: 'principal', code: 'sign-in-delayed', reason, policies: [] } as const
      parts.kernel.journal.refused({
        actor: ctx.actor,
        permission: 'sessions:open',
        decision,
        requestId: ctx.requestId,
      })
    }
    throw error
  }
}

/** Why a proven credential may not be used here and now: a decision's code. */
async function usageFault(parts: Parts, ctx: Ctx, proven: Proven): Promise<string | undefined> {
  const { state } = proven.account
  if (!(await isActiveNow(parts, proven.account))) {
    return state === 'suspended' ? 'principal-suspended' : 'principal-disabled'
  }
  const actor = provenActor(proven, ctx.actor.address)
  const decision = await parts.access.decide(actor, undefined, undefined, { now: ctx.now })
  return decision.allowed ? undefined : decision.code
}

interface Completion<T> {
  readonly attempt: Attempt
  readonly tried: SignInAttempt
  readonly counted: CountedAttempt
  readonly proven: Proven
  readonly proving: Proving<T>
}

/**
 * What was proved is looked at again: it may have been revoked, or the account disabled, while it was verified. Answers why
 * not, when it is not so.
 */
async function complete<T>(parts: Parts, ctx: Ctx, completion: Completion<T>): Promise<Outcome<T> | string> {
  const { attempt, tried, counted, proven, proving } = completion
  try {
    return await ctx.as(provenActor(proven, ctx.actor.address)).tx(async (tx) => {
      const [still] = await findCandidates(tx.db, { id: proven.credential.id })
      if (still?.account.state !== 'active' || still.credential.secretSetAt !== proven.credential.secretSetAt) {
        throw new NotConfirmed()
      }
      if ((await proving.confirm?.(tx, proven, still)) === false) throw new NotConfirmed()
      const { address } = tx.actor
      const client = tried.client === undefined ? undefined : clientName(tried.client)
      const region = parts.kernel.regions.regionOf(address)
      await noteCredentialUse(tx.db, proven.credential.id, { at: tx.now, address, region, client })
      const outcome = await proving.onProven(tx, proven)
      const settled = { ...attempt, device: tried.nextDevice }
      const startsAfresh = outcome.whole && (await isWidest(tx, proven.credential))
      await settleRightAttempt(tx, parts.kernel.keyring, settled, counted, startsAfresh)
      return outcome
    })
  } catch (error) {
    // undone with its transaction; the failure is recorded in one of its own
    if (error instanceof NotConfirmed) return notProven
    if (error instanceof GateError && challengeFaults.has(error.code)) return error.code.replace('identity.', '')
    throw error
  }
}

/**
 * Whether no password of the account reaches further. Who holds a narrow credential could otherwise guess at a wider
 * password for ever: every proof of the narrow one would take their wrong guesses back.
 */
export async function isWidest(tx: Ctx, credential: Credential): Promise<boolean> {
  const { networks, regions, permissions } = credential
  const isUnlimited = [networks.allow, networks.deny, regions].every(({ length }) => length === 0)
  if (isUnlimited && permissions.includes('*')) return true
  const passwords = await listCredentials(tx.db, credential.accountId, 'password')
  return passwords.every((other) => other.id === credential.id || limitsWithin(other, credential))
}

class NotConfirmed extends Error {}

const notProven = 'not-proven'

const challengeFaults = new Set(['identity.challenge-wrong', 'identity.challenge-expired', 'identity.challenge-used'])

/** Known handles are named; what was typed otherwise may be a password, so only its MAC is kept, to tell repetitions. */
function recordFailure(
  keyring: Keyring,
  ctx: Ctx,
  attempt: Attempt,
  account: Owner | undefined,
  fault: string,
): Promise<void> {
  const handleMac = Buffer.from(keyring.mac('identity.typed-handle', attempt.handle)).toString('base64url')
  return ctx.tx((tx) =>
    tx.audit({
      action: 'sign-ins.fail',
      ...(account === undefined ? {} : { target: { type: 'account', id: account.id, name: account.handle } }),
      detail: { handleMac, reason: fault },
    }),
  )
}

/** Who just proved themselves, as what they do next is journalled and decided. */
export function provenActor({ account, credential }: Proven, address: string | undefined): Actor {
  const actor: Actor = {
    principal: { kind: 'account', id: account.id, name: account.handle },
    credential: actorCredential(credential),
  }
  return address === undefined ? actor : { ...actor, address }
}
