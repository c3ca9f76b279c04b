import { type CredentialLimits, throughOf } from '#kit'
import { type Ctx, isUniqueViolation, touch } from '#platform'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { belongingsOf, ownAccountId } from '../resources.ts'
import { endManySessions, rotateOwnToken } from '../sessions.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { isAllOf, narrowedBy, requireValidLimits } from '../tokens.ts'
import { type Credential, newCredential } from './credential.ts'
import { insertCredential, type KeptSecret, resetSecret, revokeCredentials } from './credential-store.ts'
import { getCredential } from './credentials.ts'
import type { CredentialKind } from './kinds.ts'
import { type Confirmed, requireConfirmed } from './limit-questions.ts'
import { requireWithin } from './within.ts'

/** What somebody asks of a new credential of their own. */
export interface WantedCredential extends CredentialLimits {
  readonly label: string
  readonly confirmed: Confirmed
}

/** What the API asks: limits that were left out are those of what asks. */
export function wantedOf(
  ctx: Ctx,
  body: Omit<WantedCredential, 'expiresAt' | 'permissions'> & {
    readonly expiresAt: string | null
    readonly permissions?: readonly string[] | undefined
  },
): WantedCredential {
  const permissions = body.permissions ?? throughOf(ctx.actor)?.permissions ?? ['*']
  return { ...body, permissions, expiresAt: body.expiresAt === null ? undefined : Date.parse(body.expiresAt) }
}

/**
 * Whether the caller may make credentials of their own, with a fresh proof.
 *
 * @returns the caller's account id
 * @throws GateError `identity.needs-account`, or as `access.require`
 */
export async function requireMayCreate(parts: Parts, ctx: Ctx): Promise<string> {
  const accountId = ownAccountId(ctx)
  await parts.access.require(ctx, `credentials:create:${accountId}`, belongingsOf(accountId))
  return accountId
}

/**
 * Whether the caller may make a credential of their own now: permission and fresh proof. Before anything slow is verified.
 *
 * @returns the caller's account id
 * @throws GateError `identity.needs-account`, `identity.proof-needed`, or as `access.require`
 */
export async function requireMaking(parts: Parts, ctx: Ctx): Promise<string> {
  const accountId = await requireMayCreate(parts, ctx)
  await requireFreshProof(ctx)
  return accountId
}

/** What its kind keeps of a secret, once the credential has its id. */
export type SecretFor = (id: string) => KeptSecret & { readonly fingerprint?: string | undefined }

/**
 * Makes a credential of the caller's own in one step, for kinds whose secret is known by then.
 *
 * @throws GateError `identity.proof-needed`, and as `readyCredential` and `makeCredential`
 */
export async function createCredential(
  parts: Parts,
  ctx: Ctx,
  wanted: WantedCredential & Pick<Making, 'kind' | 'isSecond'>,
  secretFor: SecretFor,
): Promise<Credential> {
  await requireFreshProof(ctx)
  const { kind, isSecond = false, ...limits } = wanted
  const ready = await readyCredential(parts, ctx, limits)
  return ctx.tx((tx) => {
    const id = tx.newId('crd')
    const { fingerprint, ...secret } = secretFor(id)
    const found = fingerprint === undefined ? {} : { fingerprint }
    return makeCredential(parts, tx, ready, { kind, isSecond, id, ...found, secret: () => secret })
  })
}

export interface Making {
  readonly kind: CredentialKind
  readonly isSecond?: boolean
  readonly fingerprint?: string
  /** An id that was given out before; a new one when absent. */
  readonly id?: string
  /** Makes what is kept, once the id is known. */
  secret(credential: Credential): KeptSecret | Promise<KeptSecret>
}

/** What was wanted, checked and within what was come with. */
export interface ReadyCredential extends CredentialLimits {
  readonly label: string
}

/**
 * What is wanted of a credential of the caller's own, within what they came with: networks, regions and end of that are
 * carried over. Before the transaction.
 *
 * @throws GateError `identity.invalid-token-limits`, `identity.wider-than-credential`, `identity.limits-to-confirm`
 */
export async function readyCredential(
  parts: Parts,
  ctx: Ctx,
  { label, confirmed, ...wanted }: WantedCredential,
): Promise<ReadyCredential> {
  const through = throughOf(ctx.actor)
  if (through === undefined) throw fail('identity.needs-account')
  requireValidLimits({ ...wanted, label }, ctx.now)
  const limits = narrowedBy(wanted, through)
  await requireConfirmed(parts, ctx, limits, confirmed)
  return { ...limits, label: label.trim() }
}

/**
 * Makes a credential of the caller's own; what it permits must be held. Must run inside `ctx.tx`; asks for no permission and
 * no proof (`requireMaking`).
 *
 * @throws GateError `identity.credential-taken`, `access.more-than-held`
 */
export async function makeCredential(
  parts: Parts,
  tx: Ctx,
  ready: ReadyCredential,
  making: Making,
): Promise<Credential> {
  const through = throughOf(tx.actor)
  if (through === undefined) throw fail('identity.needs-account')
  if (!isAllOf(through.permissions, ready.permissions, tx.actor)) {
    await parts.access.requireCoverage(tx, ready.permissions)
  }
  const { kind, isSecond = false, fingerprint } = making
  const made = newCredential(tx, {
    ...ready,
    accountId: tx.actor.principal.id,
    kind,
    isSecond,
    ...(fingerprint === undefined ? {} : { fingerprint }),
  })
  const credential = making.id === undefined ? made : { ...made, id: making.id }
  await insertCredential(tx.db, credential, await making.secret(credential)).catch(taken)
  await tx.audit({
    action: 'credentials.create',
    target: { type: 'credential', id: credential.id, name: credential.label },
    detail: { account: credential.accountId, kind },
  })
  return credential
}

/**
 * Puts another secret in the place of a credential's; limits and label stay. What the old one opened ends, but for the
 * session that asks.
 *
 * @param change of the secret, inside the transaction, of a credential the caller may reset
 * @returns the new token of the session that asked, when it rests on the credential
 * @throws GateError `identity.no-such-credential`, `identity.proof-needed`, `identity.credential-taken`
 */
export async function resetOwn(
  parts: Parts,
  ctx: Ctx,
  id: string,
  kind: CredentialKind,
  change: (tx: Ctx, credential: Credential) => Promise<KeptSecret & { readonly fingerprint?: string | undefined }>,
): Promise<{ readonly credential: Credential; readonly token: string | undefined }> {
  await requireFreshProof(ctx)
  return ctx.tx(async (tx) => {
    const credential = await getResettable(tx, id, kind)
    const secret = await change(tx, credential)
    const done = await resetSecret(tx.db, id, secret, tx.now).catch(taken)
    if (!done) throw fail('identity.no-such-credential')
    const own = tx.actor.session?.id
    const choice = { credentialId: id, ...(own === undefined ? {} : { except: own }) }
    const sessionsEnded = await endManySessions(tx, choice, 'credential-reset')
    const tokensRevoked = await revokeCredentials(tx.db, { openedBy: id }, tx.now)
    touch(tx.db, 'sessions')
    await tx.audit({
      action: 'credentials.reset',
      target: { type: 'credential', id, name: credential.label },
      detail: { account: credential.accountId, kind, sessionsEnded, tokensRevoked },
    })
    const rests = [tx.actor.credential, ...(tx.actor.factors ?? [])].some((one) => one?.id === id)
    return { credential, token: rests ? await rotateOwnToken(parts, tx) : undefined }
  })
}

/** The caller's own credential of a kind, if it reaches no further than what they came with. */
export async function getResettable(ctx: Ctx, id: string, kind: CredentialKind): Promise<Credential> {
  const credential = await getCredential(ctx, id)
  if (credential.kind !== kind || credential.accountId !== ownAccountId(ctx)) throw fail('identity.no-such-credential')
  requireWithin(ctx.actor, credential)
  return credential
}

function taken(error: unknown): never {
  throw isUniqueViolation(error) ? fail('identity.credential-taken', { cause: error }) : error
}
