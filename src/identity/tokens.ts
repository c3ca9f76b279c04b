import {
  type Actor,
  type ActorCredential,
  allWithin,
  type CredentialLimits,
  limitFaults,
  narrowedBy as narrowLimits,
  throughOf,
} from '#kit'
import { type Ctx, type FieldFault, touch } from '#platform'
import { getAccount } from './accounts.ts'
import { resetOwn } from './credentials/create.ts'
import { type Credential, newCredential } from './credentials/credential.ts'
import { findCredential, insertCredential, revokeCredentials } from './credentials/credential-store.ts'
import { type Confirmed, requireConfirmed } from './credentials/limit-questions.ts'
import { fail } from './errors.ts'
import type { Parts } from './parts.ts'
import { requireFreshPerson } from './sign-in/fresh-proof.ts'
import { hashOfToken, newApiToken } from './token-format.ts'

export interface NewToken extends CredentialLimits {
  readonly label: string
}

/** A token for oneself, with the answers to what its limits ask. */
export interface NewOwnToken extends NewToken {
  readonly confirmed: Confirmed
}

export interface CreatedToken {
  /** Shown once, kept nowhere. */
  readonly token: string
  readonly credential: Credential
}

/**
 * Creates a token for the account that asks. It can do at most what the asking credential can: its permissions must be
 * held, and the limits of that credential (networks, regions, expiry) are carried over.
 *
 * @throws GateError `identity.needs-account`, `identity.invalid-token-limits`, `identity.wider-than-credential`,
 * `identity.limits-to-confirm`, `access.more-than-held`, `identity.proof-needed`
 */
export async function createToken(parts: Parts, ctx: Ctx, wanted: NewOwnToken): Promise<CreatedToken> {
  const { principal } = ctx.actor
  const through = throughOf(ctx.actor)
  if (principal.kind !== 'account' || through === undefined) throw fail('identity.needs-account')
  requireValidLimits(wanted, ctx.now)
  const limits = narrowedBy(wanted, through)
  await requireFreshPerson(ctx)
  await requireConfirmed(parts, ctx, limits, wanted.confirmed)
  return ctx.tx(async (tx) => {
    if (!isAllOf(through.permissions, limits.permissions, ctx.actor)) {
      await parts.access.requireCoverage(tx, limits.permissions)
    }
    return addToken(parts, tx, {
      accountId: principal.id,
      label: wanted.label,
      limits,
      openedBy: undefined,
      factors: ctx.actor.assurance?.factors ?? 1,
    })
  })
}

/**
 * Whether a token is to cover all that its maker came with. It then acts like the session that makes it: what its owner
 * may is asked at every use, so nothing has to be held now. Through an app or a grant one may less than the credential.
 */
export function isAllOf(through: readonly string[], wanted: readonly string[], { app, grant }: Actor): boolean {
  return app === undefined && grant === undefined && allWithin(through, wanted) && allWithin(wanted, through)
}

/**
 * Creates a token for any account. Whoever holds it acts as that account, within its permissions: they must be held by
 * who creates it. Exactly as wanted or not at all: a token that had to be narrowed is refused.
 *
 * @throws GateError `identity.no-such-account`, `identity.invalid-token-limits`, `identity.wider-than-credential`,
 * `access.more-than-held`, `access.outranked`
 */
export async function createTokenFor(
  parts: Parts,
  ctx: Ctx,
  accountId: string,
  wanted: NewToken,
): Promise<CreatedToken> {
  requireValidLimits(wanted, ctx.now)
  const { label, ...limits } = wanted
  const through = throughOf(ctx.actor)
  if (through !== undefined) requireUnnarrowed(limits, narrowedBy(limits, through))
  return ctx.tx(async (tx) => {
    await getAccount(tx, accountId)
    await parts.access.requireOutranks(tx, accountId, `tokens:create:${accountId}`)
    await parts.access.requireCoverage(tx, limits.permissions)
    return addToken(parts, tx, { accountId, label, limits, openedBy: undefined, factors: 1 })
  })
}

function requireUnnarrowed(wanted: CredentialLimits, narrowed: CredentialLimits): void {
  const limit = (['networks', 'regions', 'expiresAt'] as const).find(
    (name) => JSON.stringify(wanted[name]) !== JSON.stringify(narrowed[name]),
  )
  if (limit !== undefined) throw fail('identity.wider-than-credential', { fields: { limit } })
}

/** The transaction's part: a token row, its record, and the text to show once. */
export async function addToken(
  parts: Parts,
  tx: Ctx,
  wanted: {
    readonly accountId: string
    readonly label: string
    readonly limits: CredentialLimits
    readonly openedBy: string | undefined
    /** What whoever makes it had proved. */
    readonly factors: 1 | 2
  },
): Promise<CreatedToken> {
  const token = newApiToken(parts.kernel.random)
  const credential = newCredential(tx, {
    ...wanted.limits,
    accountId: wanted.accountId,
    kind: 'token',
    label: wanted.label.trim(),
    openedBy: wanted.openedBy,
    factors: wanted.factors,
  })
  await insertCredential(tx.db, credential, { hash: hashOfToken(token) })
  await tx.audit({
    action: 'tokens.create',
    target: { type: 'token', id: credential.id, name: credential.label },
    detail: { account: wanted.accountId, permissions: credential.permissions, expiresAt: credential.expiresAt ?? null },
  })
  return { token, credential }
}

/**
 * Another secret for a token of the caller's own that was made by hand; limits and label stay, the old secret proves nothing
 * from commit on.
 *
 * @throws GateError `identity.no-such-credential`, `identity.proof-needed`, `identity.wider-than-credential`
 */
export async function resetToken(parts: Parts, ctx: Ctx, id: string): Promise<CreatedToken> {
  const token = newApiToken(parts.kernel.random)
  const { credential } = await resetOwn(parts, ctx, id, 'token', async (_, { openedBy }) => {
    // a command line's is a sign-in: it is made anew by signing in
    if (openedBy !== undefined) throw fail('identity.no-such-credential')
    return { hash: hashOfToken(token) }
  })
  return { token, credential }
}

/** From commit on it proves nothing. @throws GateError `identity.no-such-token`, `access.outranked` */
export async function revokeToken({ access }: Pick<Parts, 'access'>, ctx: Ctx, id: string): Promise<void> {
  await ctx.tx(async (tx) => {
    const credential = await findCredential(tx.db, id)
    if (credential?.kind !== 'token') throw fail('identity.no-such-token')
    await access.requireOutranks(tx, credential.accountId, `tokens:revoke:${id}`)
    if ((await revokeCredentials(tx.db, { id }, tx.now)) === 0) throw fail('identity.no-such-token')
    touch(tx.db, 'sessions')
    await tx.audit({ action: 'tokens.revoke', target: { type: 'token', id, name: credential.label } })
  })
}

/**
 * Every token of an account, those of its command lines included, but the one that asks. Answers how many.
 *
 * @throws GateError `access.outranked`
 */
export function revokeAllTokens({ access }: Pick<Parts, 'access'>, ctx: Ctx, accountId: string): Promise<number> {
  return ctx.tx(async (tx) => {
    await access.requireOutranks(tx, accountId, `tokens:revoke:${accountId}`)
    const except = tx.actor.credential?.id
    const tokensRevoked = await revokeCredentials(tx.db, { tokensOf: accountId, except }, tx.now)
    touch(tx.db, 'sessions')
    await tx.audit({
      action: 'tokens.revoke-all',
      target: { type: 'account', id: accountId },
      detail: { tokensRevoked },
    })
    return tokensRevoked
  })
}

/**
 * What was asked for, within what was come with.
 *
 * @throws GateError `identity.wider-than-credential`
 */
export function narrowedBy(wanted: CredentialLimits, through: ActorCredential): CredentialLimits {
  const narrowed = narrowLimits(wanted, through)
  if (typeof narrowed === 'string') throw fail('identity.wider-than-credential', { fields: { limit: narrowed } })
  return narrowed
}

/** @throws GateError `identity.invalid-token-limits` */
export function requireValidLimits(wanted: NewToken, now: number): void {
  const faults: FieldFault[] = [...limitFaults(wanted, now)]
  const label = wanted.label.trim()
  if (label.length < 1 || label.length > 100 || /\p{Cc}/u.test(label)) {
    faults.unshift({ field: 'label', message: 'Use 1 to 100 characters.' })
  }
  if (faults.length > 0) throw fail('identity.invalid-token-limits', { faults })
}
