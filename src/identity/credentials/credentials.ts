import type { Actor } from '#kit'
import { type Ctx, touch } from '#platform'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { endManySessions } from '../sessions.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import type { Credential } from './credential.ts'
import { findCredential, listCredentials, renameCredential, revokeCredentials } from './credential-store.ts'
import { type CredentialKind, credentialKinds } from './kinds.ts'
import { isWithin } from './within.ts'

/** What says whether one may act on somebody. */
type Ranking = Pick<Parts, 'access'>

/** An account's unrevoked credentials that the caller may see: none that reaches further than what they came with. */
export async function visibleCredentials(
  ctx: Ctx,
  accountId: string,
  kind?: CredentialKind,
): Promise<readonly Credential[]> {
  const all = await listCredentials(ctx.db, accountId, kind)
  return all.filter((credential) => isVisible(ctx.actor, credential))
}

/**
 * A certificate's limits are kept elsewhere, and its row has none: whoever came with less than everything sees the one they
 * came with alone.
 */
function isVisible(actor: Actor, credential: Credential): boolean {
  if (credential.kind !== 'certificate') return isWithin(actor, credential)
  const own = [actor.credential, ...(actor.factors ?? [])].some((one) => one?.id === credential.id)
  return own || isWithin(actor, { ...credential, permissions: ['*'] })
}

/** @throws GateError `identity.no-such-credential`, also for one the caller may not see */
export async function getCredential(ctx: Ctx, id: string): Promise<Credential> {
  const credential = await findCredential(ctx.db, id)
  if (credential === undefined || credential.revokedAt !== undefined || !isVisible(ctx.actor, credential)) {
    throw fail('identity.no-such-credential')
  }
  return credential
}

/** @throws GateError `identity.invalid-label` */
export function checkedLabel(text: string): string {
  const label = text.trim()
  if (label.length < 1 || label.length > 100 || /[\p{Cc}\p{Bidi_Control}]/u.test(label)) {
    throw fail('identity.invalid-label', { faults: [{ field: 'label', message: 'Use 1 to 100 characters.' }] })
  }
  return label
}

/** @throws GateError `identity.no-such-credential`, `identity.invalid-label`, `access.outranked` */
export async function rename({ access }: Ranking, ctx: Ctx, id: string, label: string): Promise<Credential> {
  const wanted = checkedLabel(label)
  return ctx.tx(async (tx) => {
    const credential = await getCredential(tx, id)
    if (credential.label === wanted) return credential
    await access.requireOutranks(tx, credential.accountId, `credentials:change:${id}`)
    if (!(await renameCredential(tx.db, id, wanted))) throw fail('identity.no-such-credential')
    await tx.audit({
      action: 'credentials.rename',
      target: { type: 'credential', id, name: wanted },
      detail: { kind: credential.kind },
    })
    return { ...credential, label: wanted }
  })
}

export interface Revoked {
  readonly credential: Credential
  readonly sessionsEnded: number
  readonly tokensRevoked: number
}

/**
 * Revokes a credential for good: from commit on it proves nothing, and every session and command-line sign-in that rests on it
 * has ended, on every device and app host.
 *
 * @throws GateError `identity.no-such-credential`, `identity.proof-needed`, `identity.wider-than-credential`,
 * `access.outranked`
 */
export async function revoke({ access }: Ranking, ctx: Ctx, id: string): Promise<Revoked> {
  await requireFreshProof(ctx)
  return ctx.tx(async (tx) => {
    const { accountId } = await getCredential(tx, id)
    await access.requireOutranks(tx, accountId, `credentials:revoke:${id}`)
    return revokeIn(tx, id)
  })
}

/** The transaction's part; asks for no fresh proof. @throws GateError `identity.no-such-credential` */
export async function revokeIn(tx: Ctx, id: string, reason?: string): Promise<Revoked> {
  const credential = await getCredential(tx, id)
  if (credential.kind === 'certificate') throw fail('identity.kept-elsewhere')
  if ((await revokeCredentials(tx.db, { id }, tx.now)) === 0) throw fail('identity.no-such-credential')
  const sessionsEnded = await endManySessions(tx, { credentialId: id }, 'credential-revoked')
  const tokensRevoked = await revokeCredentials(tx.db, { openedBy: id }, tx.now)
  touch(tx.db, 'sessions')
  await tx.audit({
    action: 'credentials.revoke',
    target: { type: 'credential', id, name: credential.label },
    detail: {
      account: credential.accountId,
      kind: credential.kind,
      sessionsEnded,
      tokensRevoked,
      ...(reason === undefined ? {} : { reason }),
    },
  })
  return { credential, sessionsEnded, tokensRevoked }
}

/** Whether the account could still begin a sign-in without this credential, at this moment. */
export async function isLastWayIn(ctx: Ctx, { id, accountId, kind }: Credential): Promise<boolean> {
  if (!credentialKinds[kind].first) return false
  const others = await listCredentials(ctx.db, accountId)
  return others.every(
    (other) =>
      other.id === id || !credentialKinds[other.kind].first || (other.expiresAt ?? Number.POSITIVE_INFINITY) <= ctx.now,
  )
}
