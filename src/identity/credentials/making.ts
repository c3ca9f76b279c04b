import { type Actor, allWithin, type CredentialLimits, limitFaults, narrowedBy, throughOf } from '#kit'
import { type Ctx, touch } from '#platform'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { endManySessions, rotateOwnToken } from '../sessions.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { type Credential, newCredential } from './credential.ts'
import { insertCredential, type KeptSecret, resetSecret, revokeCredentials } from './credential-store.ts'
import { checkedLabel, getCredential } from './credentials.ts'
import type { CredentialKind } from './kinds.ts'
import { type Confirmed, requireConfirmed } from './limit-questions.ts'
import { requireWithin } from './within.ts'

/** A credential somebody makes for themselves. */
export interface WantedCredential extends CredentialLimits {
  readonly kind: CredentialKind
  readonly label: string
  readonly isSecond?: boolean
  /** The answers to what the limits ask. */
  readonly confirmed: Confirmed
}

/** What its kind keeps of a secret, once the credential has its id. */
export type SecretFor = (id: string) => KeptSecret & { readonly fingerprint?: string | undefined }

/**
 * Makes a credential for the account that asks, within what it came with: whatever it signs in to later, the limits of the
 * credential that made it hold there too.
 *
 * @throws GateError `identity.proof-needed`, `identity.needs-account`, `identity.invalid-label`,
 * `identity.invalid-token-limits`, `identity.wider-than-credential`, `identity.limits-to-confirm`, `access.more-than-held`
 */
export async function makeCredential(
  parts: Parts,
  ctx: Ctx,
  wanted: WantedCredential,
  secretFor: SecretFor,
): Promise<Credential> {
  await requireFreshProof(ctx)
  const label = checkedLabel(wanted.label)
  const limits = await ownLimits(parts, ctx, wanted)
  return ctx.tx(async (tx) => {
    await requireHeld(parts, tx, limits)
    const { kind, isSecond = false } = wanted
    const base = newCredential(tx, { ...limits, kind, isSecond, label, accountId: tx.actor.principal.id })
    const { fingerprint, ...secret } = secretFor(base.id)
    const credential = { ...base, fingerprint }
    await insertCredential(tx.db, credential, secret)
    await tx.audit({
      action: 'credentials.create',
      target: { type: 'credential', id: credential.id, name: label },
      detail: { account: credential.accountId, kind },
    })
    return credential
  })
}

/**
 * Puts a new secret in the place of the present one of the own account; limits stay. What the old one opened ends, but for
 * the session that asks, which gets a new token.
 *
 * @returns that token
 * @throws GateError `identity.proof-needed`, `identity.no-such-credential`, `identity.wider-than-credential`
 */
export async function resetCredential(
  parts: Parts,
  ctx: Ctx,
  which: { readonly id: string; readonly kind: CredentialKind },
  secretFor: SecretFor,
): Promise<{ readonly credential: Credential; readonly token: string | undefined }> {
  await requireFreshProof(ctx)
  return ctx.tx(async (tx) => {
    const credential = await getOwn(tx, which)
    requireWithin(tx.actor, credential)
    const { id } = credential
    if (!(await resetSecret(tx.db, id, secretFor(id), tx.now))) throw fail('identity.no-such-credential')
    const { session } = tx.actor
    const except = session === undefined ? {} : { except: session.id }
    const sessionsEnded = await endManySessions(tx, { credentialId: id, ...except }, 'credential-reset')
    const tokensRevoked = await revokeCredentials(tx.db, { openedBy: id }, tx.now)
    touch(tx.db, 'sessions')
    const token = await rotateOwnToken(parts, tx)
    await tx.audit({
      action: 'credentials.reset',
      target: { type: 'credential', id, name: credential.label },
      detail: { account: credential.accountId, kind: credential.kind, sessionsEnded, tokensRevoked },
    })
    return { credential: { ...credential, secretSetAt: tx.now }, token }
  })
}

/** The own credential of this kind. @throws GateError `identity.no-such-credential` */
export async function getOwn(
  ctx: Ctx,
  { id, kind }: { readonly id: string; readonly kind: CredentialKind },
): Promise<Credential> {
  const credential = await getCredential(ctx, id)
  if (credential.kind !== kind || credential.accountId !== ctx.actor.principal.id) {
    throw fail('identity.no-such-credential')
  }
  return credential
}

/** What was wanted, judged and narrowed to what was come with. */
async function ownLimits(parts: Parts, ctx: Ctx, wanted: WantedCredential): Promise<CredentialLimits> {
  const through = throughOf(ctx.actor)
  if (ctx.actor.principal.kind !== 'account' || through === undefined) throw fail('identity.needs-account')
  const faults = limitFaults(wanted, ctx.now)
  if (faults.length > 0) throw fail('identity.invalid-token-limits', { faults })
  const narrowed = narrowedBy(wanted, through)
  if (typeof narrowed === 'string') throw fail('identity.wider-than-credential', { fields: { limit: narrowed } })
  await requireConfirmed(parts, ctx, narrowed, wanted.confirmed)
  return narrowed
}

/**
 * What is covered must be held now. Whoever makes one that covers all they came with hands on nothing: it is then as good
 * as what made it, and what its owner may is asked at every use.
 */
async function requireHeld(parts: Parts, tx: Ctx, { permissions }: CredentialLimits): Promise<void> {
  if (!coversAll(tx.actor, permissions)) await parts.access.requireCoverage(tx, permissions)
}

function coversAll(actor: Actor, wanted: readonly string[]): boolean {
  const { permissions } = throughOf(actor) ?? { permissions: [] }
  const indirect = actor.app !== undefined || actor.grant !== undefined
  return !indirect && allWithin(permissions, wanted) && allWithin(wanted, permissions)
}
