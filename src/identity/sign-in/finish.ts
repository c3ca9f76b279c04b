import { type Assurance, throughOf } from '#kit'
import type { Ctx } from '#platform'
import { actorCredential } from '../credentials/credential.ts'
import { findCandidates, listCredentials } from '../credentials/credential-store.ts'
import { credentialKinds } from '../credentials/kinds.ts'
import { fail } from '../errors.ts'
import { noticeSignIn } from '../notices/new-places.ts'
import type { Parts } from '../parts.ts'
import { refuseLeaked, spendLeaked } from '../passwords/leaked.ts'
import { belongingsOf } from '../resources.ts'
import { type OpenedSession, openSession } from '../sessions.ts'
import { hashOfToken, isSessionToken, newSecretText } from '../token-format.ts'
import { addToken, type CreatedToken } from '../tokens.ts'
import { type Outcome, type Proven, type Proving, proveAttempt, provenActor, type SignInAttempt } from './attempts.ts'
import {
  type Demand,
  findSignIn,
  type HalfSignIn,
  insertSignIn,
  removeSignIn,
  takeSignInAttempt,
} from './sign-in-store.ts'

export const signInCookieName = '__Host-gatehouse-sign-in'
/** How long a first factor waits for the second. */
export const halfSignInLives = 10 * 60_000
const mostAttempts = 5

/** What the browser brought along. */
export interface SignInRequest {
  readonly client: string
  /** Its present session's token, which ends. */
  readonly replaces: string | undefined
}

export type SignInResult<Opened> =
  | { readonly kind: 'opened'; readonly opened: Opened }
  /** A second factor is awaited at `/sign-in/second`; the token is worth nothing elsewhere. */
  | { readonly kind: 'half'; readonly token: string }

/** What was proved, the first factor first. */
export type ProvenFactors = readonly [Proven, ...Proven[]]

/** Makes what a whole sign-in opens; runs in its transaction, acting as the account. */
export type Opener<Opened> = (tx: Ctx, proven: ProvenFactors) => Promise<Opened>

/** Opens a console session. */
export function sessionOpener(parts: Parts, request: SignInRequest): Opener<OpenedSession> {
  return async (tx, proven) => {
    const [first, ...factors] = proven
    await spendLeaked(tx, first.credential)
    return openSession(parts, tx, {
      ...request,
      credential: first.credential,
      factors: factors.map(({ credential }) => credential),
      assurance: assuranceOf(proven),
    })
  }
}

/** What a sign-in for a token is noticed as, whatever its program calls itself. */
const commandLine = 'gatehouse'

/** Makes a token that expires, for the command line. It ends with the credential that began the sign-in. */
export function tokenOpener(parts: Parts, label: string): Opener<CreatedToken> {
  return async (tx, proven) => {
    const [{ account, credential }] = proven
    refuseLeaked(credential)
    const limits = throughOf({
      ...provenActor(proven[0], undefined),
      factors: proven.slice(1).map((factor) => actorCredential(factor.credential)),
    })
    await noticeSignIn(parts, tx, { accountId: account.id, client: commandLine })
    const ends = tx.now + parts.config.token.login
    return addToken(parts, tx, {
      accountId: account.id,
      label: label.replaceAll(/\p{Cc}/gu, '').slice(0, 100),
      limits: { ...(limits ?? credential), expiresAt: Math.min(ends, limits?.expiresAt ?? ends) },
      openedBy: credential.id,
      factors: assuranceOf(proven).factors,
    })
  }
}

/**
 * Ends a sign-in that proved these credentials: opens what it is for, or waits for a second factor where the account has
 * set one up or a rule demands it. Must run inside `ctx.tx`, acting as the account.
 *
 * @throws GateError `identity.sign-in-refused` when a policy refuses whatever more would be proved,
 * `identity.password-leaked` for a leaked password that has signed in, or that is to open a token
 */
export async function finishSignIn<Opened>(
  parts: Parts,
  tx: Ctx,
  proven: ProvenFactors,
  open: Opener<Opened>,
): Promise<Outcome<SignInResult<Opened>>> {
  const demand = await findDemand(parts, tx, proven)
  if (demand === undefined) return { whole: true, result: { kind: 'opened', opened: await open(tx, proven) } }
  return { whole: false, result: { kind: 'half', token: await openHalf(parts, tx, proven, demand) } }
}

/** Kinds count, not credentials: two passwords are one factor. */
export function assuranceOf(proven: readonly Proven[]): Assurance {
  const kinds = new Set(proven.map(({ credential }) => credential.kind))
  const verified = proven.some(({ userVerified }) => userVerified === true)
  return {
    factors: kinds.size > 1 || verified ? 2 : 1,
    phishingResistant: [...kinds].some((kind) => credentialKinds[kind].phishingResistant),
  }
}

/**
 * What is still to be proved: a second factor where the account asks for one at every sign-in, and whatever the policies
 * about `sessions:open` ask for. `undefined`: nothing.
 *
 * @throws GateError `identity.sign-in-refused`
 */
export async function findDemand(parts: Parts, tx: Ctx, proven: ProvenFactors): Promise<Demand | undefined> {
  const { account } = proven[0]
  const sure = assuranceOf(proven)
  const seconds = (await listCredentials(tx.db, account.id)).filter(({ isSecond }) => isSecond)
  const own = seconds.length > 0 && sure.factors === 1
  const ask = async (assurance: Assurance) => {
    // limits of place and time were asked before; which permissions a credential covers is no matter of signing in
    const { credential, ...actor } = provenActor(proven[0], tx.actor.address)
    const asked = { ...actor, ...(credential && { credential: { ...credential, permissions: ['*'] } }), assurance }
    return parts.access.decide(asked, `sessions:open:${account.id}`, belongingsOf(account.id), { now: tx.now })
  }
  const now = await ask(sure)
  if (now.allowed) return own ? { factors: 2, phishingResistant: false } : undefined
  for (const phishingResistant of [sure.phishingResistant, true]) {
    const wanted: Demand = { factors: 2, phishingResistant }
    if ((await ask(wanted)).allowed) return wanted
  }
  throw fail('identity.sign-in-refused', { fields: { reason: now.reason } })
}

async function openHalf(parts: Parts, tx: Ctx, proven: ProvenFactors, demand: Demand): Promise<string> {
  const [{ account, credential }, ...further] = proven
  const token = newSecretText(parts.kernel.random)
  const half: HalfSignIn = {
    id: tx.newId('sgn'),
    accountId: account.id,
    proven: [credential.id, ...further.map((factor) => factor.credential.id)],
    demand,
    attemptsLeft: mostAttempts,
    expiresAt: tx.now + halfSignInLives,
  }
  await insertSignIn(tx.db, half, hashOfToken(token), tx.now)
  await tx.audit({
    action: 'sign-ins.half',
    target: { type: 'account', id: account.id, name: account.handle },
    detail: { credential: credential.id, kind: credential.kind, phishingResistant: demand.phishingResistant },
  })
  return token
}

/** A half sign-in that still waits, with whom it is of and what was proved. */
export interface WaitingSignIn extends HalfSignIn {
  readonly factors: ProvenFactors
}

/** The half sign-in of a cookie or a body; `undefined` once it ended, was completed, or what it proved no longer stands. */
export async function findWaitingSignIn(ctx: Ctx, token: string | undefined): Promise<WaitingSignIn | undefined> {
  if (token === undefined || !isSessionToken(token)) return undefined
  const half = await findSignIn(ctx.db, hashOfToken(token), ctx.now)
  if (half === undefined) return undefined
  const [first, ...further] = await Promise.all(half.proven.map((id) => findStanding(ctx, id, half)))
  if (first === undefined) return undefined
  const factors: ProvenFactors = [first, ...further.filter((factor) => factor !== undefined)]
  return factors.length === half.proven.length ? { ...half, factors } : undefined
}

/** @throws GateError `identity.session-ended`: there is nothing to go on with */
export async function getWaitingSignIn(ctx: Ctx, token: string | undefined): Promise<WaitingSignIn> {
  const waiting = await findWaitingSignIn(ctx, token)
  if (waiting === undefined) throw fail('identity.session-ended')
  return waiting
}

/** Ends a half sign-in that its person gives up. */
export async function endWaitingSignIn(ctx: Ctx, token: string | undefined): Promise<void> {
  const waiting = await findWaitingSignIn(ctx, token)
  if (waiting !== undefined) await ctx.tx((tx) => removeSignIn(tx.db, waiting.id))
}

/** What a half sign-in proved, unless it was revoked, has ended, or has another secret by now. */
async function findStanding(ctx: Ctx, id: string, half: HalfSignIn): Promise<Proven | undefined> {
  const [stored] = await findCandidates(ctx.db, { id })
  if (stored === undefined || stored.account.id !== half.accountId || stored.account.state !== 'active')
    return undefined
  const { expiresAt = Number.MAX_SAFE_INTEGER, secretSetAt } = stored.credential
  const began = half.expiresAt - halfSignInLives
  return ctx.now < expiresAt && secretSetAt <= began ? stored : undefined
}

/**
 * Proves the second factor of a half sign-in. Counted like every attempt, and at most five per half sign-in.
 *
 * @throws GateError `identity.sign-in-failed`, `identity.try-later`, `identity.session-ended` when no attempt is left
 */
export async function proveSecond<Opened>(
  parts: Parts,
  ctx: Ctx,
  waiting: WaitingSignIn,
  tried: Omit<SignInAttempt, 'handle'>,
  proving: Omit<Proving<unknown>, 'onProven'>,
  open: Opener<Opened>,
): Promise<SignInResult<Opened>> {
  if (!(await ctx.tx((tx) => takeSignInAttempt(tx.db, waiting.id)))) throw fail('identity.session-ended')
  const attempt = { ...tried, handle: waiting.factors[0].account.handle }
  return proveAttempt(parts, ctx, attempt, {
    ...proving,
    onProven: (tx, second) => completeSignIn(parts, tx, waiting, second, open),
  })
}

/**
 * Completes a half sign-in with a second factor that was proved, or enrolled, in this transaction. When the two are still
 * less than what is demanded, another half sign-in stands in its place.
 *
 * @throws GateError `identity.session-ended` when it was completed meanwhile, `identity.same-factor`
 */
export async function completeSignIn<Opened>(
  parts: Parts,
  tx: Ctx,
  waiting: WaitingSignIn,
  second: Proven,
  open: Opener<Opened>,
): Promise<Outcome<SignInResult<Opened>>> {
  const { factors } = waiting
  if (second.account.id !== factors[0].account.id) throw fail('identity.session-ended')
  if (factors.some(({ credential }) => credential.kind === second.credential.kind)) throw fail('identity.same-factor')
  if (!(await removeSignIn(tx.db, waiting.id))) throw fail('identity.session-ended')
  // what was proved first may have been revoked or reset while the second was verified
  for (const id of waiting.proven) {
    if ((await findStanding(tx, id, waiting)) === undefined) throw fail('identity.session-ended')
  }
  return finishSignIn(parts, tx, [...factors, second], open)
}
