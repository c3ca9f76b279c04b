import type { Actor, Secret } from '#kit'
import { type Ctx, GateError, type Keyring } from '#platform'
import { findPassword, noteCredentialUse, type PasswordProof, replaceSecret } from './credential-store.ts'
import { actorCredential, type Credential } from './credentials.ts'
import { fail } from './errors.ts'
import { foldHandle } from './handles.ts'
import type { Parts } from './parts.ts'
import type { HashQueue } from './password-hash.ts'
import { type Attempt, type CountedAttempt, countSignInAttempt, settleRightAttempt } from './throttles.ts'

export interface PasswordAttempt {
  /** As typed. */
  readonly handle: string
  readonly password: Secret
  /** The browser's proven device id; absent for programs and new browsers. */
  readonly device: string | undefined
  /** The id the browser will have once it has signed in. */
  readonly nextDevice: string | undefined
}

/** What a proven password leads to; runs in the transaction that settles the attempt, acting as the account. */
export type OnProven<T> = (tx: Ctx, proven: { readonly handle: string; readonly credential: Credential }) => Promise<T>

/**
 * Proves a password and, in the same transaction, does what that opens. Unknown, disabled and known handles take the
 * same way: a place in the queue, one transaction that counts, one look-up, one hash, one transaction that records. So
 * neither the answer nor its time tells whether an account exists.
 *
 * @throws GateError `identity.sign-in-failed`, `identity.try-later`, `identity.busy`
 */
export function provePassword<T>(parts: Parts, ctx: Ctx, tried: PasswordAttempt, onProven: OnProven<T>): Promise<T> {
  const { keyring } = parts.kernel
  const attempt: Attempt = { handle: foldHandle(tried.handle), address: ctx.actor.address, device: tried.device }
  return parts.hasher.queued(async (queue) => {
    const counted = await countOrJournal(parts, ctx, attempt)
    const proof = await findPassword(ctx.db, attempt.handle)
    const right = await queue.verify(tried.password, proof === undefined ? [] : [proof.hash])
    if (proof === undefined || right === undefined || !isUsable(proof, ctx.now)) {
      await recordFailure(keyring, ctx, attempt, proof)
      throw fail('identity.sign-in-failed')
    }
    return complete(parts, ctx, { attempt, tried, counted, proof, queue, onProven })
  }, tried.device !== undefined)
}

async function countOrJournal(parts: Parts, ctx: Ctx, attempt: Attempt): Promise<CountedAttempt> {
  try {
    return await ctx.tx((tx) => countSignInAttempt(tx, parts.kernel.keyring, attempt))
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

interface Completion<T> {
  readonly attempt: Attempt
  readonly tried: PasswordAttempt
  readonly counted: CountedAttempt
  readonly proof: PasswordProof
  readonly queue: HashQueue
  readonly onProven: OnProven<T>
}

async function complete<T>(parts: Parts, ctx: Ctx, completion: Completion<T>): Promise<T> {
  const { attempt, tried, counted, proof, queue, onProven } = completion
  const upgraded = queue.isOutdated(proof.hash, []) ? await queue.hash(tried.password) : undefined
  const { keyring } = parts.kernel
  return ctx.as(accountActor(proof, ctx.actor.address)).tx(async (tx) => {
    // the password may have been changed, or the account disabled, while the hash was computed
    const still = await findPassword(tx.db, attempt.handle)
    if (still?.hash !== proof.hash || !isUsable(still, tx.now)) throw fail('identity.sign-in-failed')
    await settleRightAttempt(tx, keyring, { ...attempt, device: tried.nextDevice }, counted)
    if (upgraded !== undefined) await replaceSecret(tx.db, proof.credential.id, upgraded, proof.hash, undefined)
    await noteCredentialUse(tx.db, proof.credential.id, tx.now, tx.actor.address)
    return onProven(tx, { handle: proof.account.handle, credential: proof.credential })
  })
}

function isUsable({ account, credential }: PasswordProof, now: number): boolean {
  return account.state === 'active' && now < (credential.expiresAt ?? Number.MAX_SAFE_INTEGER)
}

/** Known handles are named; what was typed otherwise may be a password, so only its MAC is kept, to tell repetitions. */
function recordFailure(keyring: Keyring, ctx: Ctx, attempt: Attempt, proof: PasswordProof | undefined): Promise<void> {
  const handleMac = Buffer.from(keyring.mac('identity.typed-handle', attempt.handle)).toString('base64url')
  const { account } = proof ?? {}
  return ctx.tx((tx) =>
    tx.audit({
      action: 'sign-ins.fail',
      ...(account === undefined ? {} : { target: { type: 'account', id: account.id, name: account.handle } }),
      detail: { handleMac },
    }),
  )
}

function accountActor({ account, credential }: PasswordProof, address: string | undefined): Actor {
  const actor: Actor = {
    principal: { kind: 'account', id: account.id, name: account.handle },
    credential: actorCredential(credential),
  }
  return address === undefined ? actor : { ...actor, address }
}
