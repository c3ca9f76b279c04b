import { allWithin } from '#kit'
import { type Ctx, touch } from '#platform'
import { findCredential } from '../credentials/credential-store.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { addSessionFactor, markSessionProved } from '../session-store.ts'
import { rotateOwnToken } from '../sessions.ts'
import type { Outcome, Proven } from './attempts.ts'
import { assuranceOf } from './finish.ts'

/** How long a proof is recent. */
export const freshFor = 10 * 60_000

/** Whether the caller proved themselves within the last ten minutes. The machine's owner on the admin socket always has. */
export async function hasFreshProof(ctx: Ctx): Promise<boolean> {
  const { principal, session, credential } = ctx.actor
  if (principal.kind === 'local' || principal.kind === 'system') return true
  if (session !== undefined) return ctx.now - session.provedAt < freshFor
  if (credential?.kind !== 'token') return false
  const token = await findCredential(ctx.db, credential.id)
  return token?.openedBy !== undefined && ctx.now - token.createdAt < freshFor
}

/**
 * Before everything that changes how somebody proves who they are. Pages lead to `/account/prove` and back.
 *
 * @throws GateError `identity.proof-needed`
 */
export async function requireFreshProof(ctx: Ctx): Promise<void> {
  if (!(await hasFreshProof(ctx))) throw fail('identity.proof-needed')
}

/**
 * The same for what programs do too: a token made by hand, or a certificate, acts within its permissions without a person to
 * prove anything; a session and a command-line sign-in are a person's.
 *
 * @throws GateError `identity.proof-needed`
 */
export async function requireFreshPerson(ctx: Ctx): Promise<void> {
  if (!(await isProgram(ctx))) await requireFreshProof(ctx)
}

async function isProgram(ctx: Ctx): Promise<boolean> {
  const { session, credential } = ctx.actor
  if (session !== undefined || credential === undefined) return false
  if (credential.kind !== 'token') return true
  return (await findCredential(ctx.db, credential.id))?.openedBy === undefined
}

/**
 * Notes in the session that asks that its person proved themselves again, and answers its new token. Another kind than
 * before makes it a session of two factors, which then ends with either. What proves must reach as far as the session:
 * a narrow credential is no proof for a wide one.
 *
 * Runs as the account that proved (`proveAttempt`).
 *
 * @param asking who asked, with the session
 * @throws GateError `identity.session-ended`, `identity.sign-in-failed` for somebody else's or a narrower credential
 */
export async function markProved(
  parts: Parts,
  tx: Ctx,
  asking: Ctx['actor'],
  proven: Proven,
): Promise<Outcome<string>> {
  const { session, credential } = asking
  if (session === undefined || credential === undefined) throw fail('identity.session-ended')
  const reaches = allWithin(credential.permissions, proven.credential.permissions)
  if (proven.account.id !== asking.principal.id || !reaches) throw fail('identity.sign-in-failed')
  const known = [credential, ...(asking.factors ?? [])]
  const before = asking.assurance ?? { factors: 1, phishingResistant: false }
  const added = assuranceOf([proven])
  const isOther = known.every(({ kind }) => kind !== proven.credential.kind)
  if (isOther) await addSessionFactor(tx.db, session.id, proven.credential.id, tx.now)
  // a session stays what it was proved with: another password adds nothing
  const counts = isOther || known.some(({ id }) => id === proven.credential.id)
  await markSessionProved(tx.db, session.id, tx.now, {
    factors: isOther || (counts && added.factors === 2) ? 2 : before.factors,
    phishingResistant: before.phishingResistant || (counts && added.phishingResistant),
  })
  touch(tx.db, 'sessions')
  await tx.audit({
    action: 'sessions.prove',
    target: { type: 'session', id: session.id },
    detail: { credential: proven.credential.id, kind: proven.credential.kind },
  })
  const token = await rotateOwnToken(parts, tx.as(asking))
  if (token === undefined) throw fail('identity.session-ended')
  return { result: token, whole: true }
}
