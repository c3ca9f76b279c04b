import { type Actor, allWithin, throughOf } from '#kit'
import type { Ctx } from '#platform'
import type { WantedCredential } from '../credentials/create.ts'
import { actorCredential, type Credential } from '../credentials/credential.ts'
import { listCredentials } from '../credentials/credential-store.ts'
import { type CredentialKind, credentialKinds } from '../credentials/kinds.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import type { OpenedSession } from '../sessions.ts'
import { rememberPlaces } from '../throttles.ts'
import { isWidest, provenActor } from './attempts.ts'
import { completeSignIn, type SignInResult, sessionOpener, type WaitingSignIn } from './finish.ts'
import type { SigningBrowser } from './sign-in-reply.ts'

/** Kinds that can be set up in the middle of a sign-in. */
export type EnrolledKind = 'passkey' | 'totp'

/**
 * What may be set up to complete a half sign-in, because a rule demands more than the account has. Never where something
 * that would do stands already, and never past a second factor that stands and was not proved: otherwise whoever knows a
 * password would make a second factor of their own instead of proving the owner's. Expired ones stand too.
 */
export async function enrollableKinds(ctx: Ctx, waiting: WaitingSignIn): Promise<readonly EnrolledKind[]> {
  const { factors, demand, accountId } = waiting
  const proven = new Set(factors.map(({ credential }) => credential.kind))
  const unproven = (await listCredentials(ctx.db, accountId)).filter(({ kind }) => canFollow(kind, proven))
  const would = unproven.some(({ kind }) => !demand.phishingResistant || credentialKinds[kind].phishingResistant)
  if (would || (factors.length < 2 && unproven.length > 0)) return []
  // a narrow credential makes no other
  const through = throughOf(enrollingActor(waiting, undefined))
  if (through === undefined || !allWithin([`credentials:create:${accountId}`], through.permissions)) return []
  const kinds: readonly EnrolledKind[] = demand.phishingResistant ? ['passkey'] : ['passkey', 'totp']
  return kinds.filter((kind) => !proven.has(kind))
}

/** The context in which the account of a half sign-in sets something up. @throws GateError `identity.enrolment-refused` */
export async function requireEnrollable(ctx: Ctx, waiting: WaitingSignIn, kind: EnrolledKind): Promise<Ctx> {
  if (!(await enrollableKinds(ctx, waiting)).includes(kind)) throw fail('identity.enrolment-refused')
  return ctx.as(enrollingActor(waiting, ctx.actor.address))
}

/** What is set up reaches as far as what was proved, and no further. */
export function enrolledAs(as: Ctx, label: string): WantedCredential {
  const through = throughOf(as.actor)
  if (through === undefined) throw fail('identity.enrolment-refused')
  const { permissions, networks, regions, expiresAt } = through
  return { label, permissions, networks, regions, expiresAt, confirmed: true }
}

/**
 * Completes the sign-in with what was just set up; inside the transaction that made it. Where that opens a session the browser
 * is one that has signed in before, as after every other whole sign-in.
 *
 * @throws GateError `identity.enrolment-refused` when another was set up meanwhile
 */
export async function completeEnrolment(
  parts: Parts,
  tx: Ctx,
  waiting: WaitingSignIn,
  made: { readonly credential: Credential; readonly userVerified?: boolean },
  browser: SigningBrowser,
): Promise<SignInResult<OpenedSession>> {
  const { accountId, factors } = waiting
  const proven = new Set(factors.map(({ credential }) => credential.kind))
  const others = (await listCredentials(tx.db, accountId)).filter(
    ({ id, kind }) => id !== made.credential.id && canFollow(kind, proven),
  )
  if (factors.length < 2 && others.length > 0) throw fail('identity.enrolment-refused')
  const { account } = factors[0]
  const open = sessionOpener(parts, browser)
  const { result, whole } = await completeSignIn(parts, tx, waiting, { account, ...made }, open)
  const { handle } = account
  const attempt = { handle, address: tx.actor.address, device: browser.nextDevice }
  if (whole && (await isWidest(tx, made.credential))) await rememberPlaces(tx, parts.kernel.keyring, attempt)
  return result
}

function canFollow(kind: CredentialKind, proven: ReadonlySet<CredentialKind>): boolean {
  return credentialKinds[kind].second && !proven.has(kind)
}

function enrollingActor({ factors }: WaitingSignIn, address: string | undefined): Actor {
  const [first, ...further] = factors
  const actor = provenActor(first, address)
  return further.length === 0
    ? actor
    : { ...actor, factors: further.map(({ credential }) => actorCredential(credential)) }
}
