import { type Assurance, clientName } from '#kit'
import { type Ctx, touch } from '#platform'
import type { Credential } from './credentials/credential.ts'
import { fail } from './errors.ts'
import type { AppSession } from './face.ts'
import { noticeSignIn } from './notices/new-places.ts'
import type { Parts } from './parts.ts'
import { holdingsText } from './rotation.ts'
import {
  addSessionFactor,
  endSessions,
  findSessionById,
  findSessionByToken,
  insertSession,
  replaceToken,
  type Session,
  type SessionChoice,
} from './session-store.ts'
import { hashOfToken, isSessionToken, newSecretText } from './token-format.ts'

export interface OpenedSession {
  /** For the cookie; kept nowhere. */
  readonly token: string
  readonly session: Session
}

/**
 * Opens a console session for a credential that was just proved. The token is new whatever the browser sent, and what it
 * sent is ended. Must run inside `ctx.tx`, with `tx.actor` being the account.
 */
export async function openSession(
  parts: Parts,
  tx: Ctx,
  opening: {
    readonly credential: Credential
    /** Further credentials that were proved. */
    readonly factors?: readonly Credential[]
    readonly assurance: Assurance
    readonly client: string
    readonly replaces: string | undefined
  },
): Promise<OpenedSession> {
  const { credential, factors = [], replaces } = opening
  if (replaces !== undefined) await endReplaced(tx, replaces)
  const token = newSecretText(parts.kernel.random)
  const region = parts.kernel.regions.regionOf(tx.actor.address)
  const session: Session = {
    id: tx.newId('ses'),
    accountId: credential.accountId,
    credentialId: credential.id,
    parentId: undefined,
    host: undefined,
    client: clientName(opening.client),
    createdAt: tx.now,
    createdAddress: tx.actor.address,
    endsAt: Math.min(
      tx.now + parts.config.session.lifetime,
      ...[credential, ...factors].map(({ expiresAt }) => expiresAt ?? Number.MAX_SAFE_INTEGER),
    ),
    lastSeenAt: tx.now,
    lastSeenAddress: tx.actor.address,
    createdRegion: region,
    lastSeenRegion: region,
    provedAt: tx.now,
    assurance: opening.assurance,
  }
  await insertSession(tx.db, session, hashOfToken(token), await holdingsText(parts, tx, session.accountId))
  for (const factor of factors) await addSessionFactor(tx.db, session.id, factor.id, tx.now)
  await noticeSignIn(parts, tx, session)
  await tx.audit({
    action: 'sessions.open',
    target: { type: 'session', id: session.id },
    detail: {
      credential: credential.id,
      kind: credential.kind,
      ...(factors.length === 0 ? {} : { factors: factors.map(({ id }) => id) }),
    },
  })
  return { token, session }
}

/**
 * Opens a child of the actor's console session for one app host. Ends with its parent, and no later.
 *
 * @throws GateError `identity.session-ended` when the parent does not stand
 * @throws TypeError outside a transaction, or for an actor without a console session
 */
export async function openAppSession(parts: Parts, tx: Ctx, host: string): Promise<AppSession> {
  if (!tx.db.inTransaction) throw new TypeError('openAppSession belongs in a transaction: use ctx.tx')
  if (tx.actor.session === undefined) throw new TypeError('openAppSession needs an actor with a session')
  const parent = await findSessionById(tx.db, tx.actor.session.id)
  if (parent === undefined || parent.host !== undefined || parent.accountId !== tx.actor.principal.id) {
    throw fail('identity.session-ended')
  }
  const token = newSecretText(parts.kernel.random)
  const region = parts.kernel.regions.regionOf(tx.actor.address)
  const session: Session = {
    ...parent,
    id: tx.newId('ses'),
    parentId: parent.id,
    host,
    createdAt: tx.now,
    createdAddress: tx.actor.address,
    lastSeenAt: tx.now,
    lastSeenAddress: tx.actor.address,
    createdRegion: region,
    lastSeenRegion: region,
  }
  await insertSession(tx.db, session, hashOfToken(token))
  // named after its host: whoever reads the journal sees who reached which app
  await tx.audit({ action: 'sessions.open', target: { type: 'session', id: session.id, name: host }, detail: { host } })
  return { token, sessionId: session.id }
}

/** Ends one session with its children; nothing happens when it has ended already. Must run inside `ctx.tx`. */
export async function endSession(tx: Ctx, id: string, reason = 'ended'): Promise<void> {
  if (!tx.db.inTransaction) throw new TypeError('endSession belongs in a transaction: use ctx.tx')
  const ended = await endSessions(tx.db, { id }, reason, tx.now)
  if (ended === 0) return
  touch(tx.db, 'sessions')
  await tx.audit({ action: 'sessions.end', target: { type: 'session', id }, detail: { reason } })
}

/** Ends many at once and answers how many people's sessions that were. Must run inside `ctx.tx`. */
export async function endManySessions(tx: Ctx, choice: SessionChoice, reason: string): Promise<number> {
  const ended = await endSessions(tx.db, choice, reason, tx.now)
  touch(tx.db, 'sessions')
  return ended
}

/** Gives the actor's own session a new token, because what it may do or what opened it changed. Inside `ctx.tx`. */
export async function rotateOwnToken(parts: Parts, tx: Ctx): Promise<string | undefined> {
  if (tx.actor.session === undefined) return undefined
  const token = newSecretText(parts.kernel.random)
  if (!(await replaceToken(tx.db, tx.actor.session.id, hashOfToken(token)))) throw fail('identity.session-ended')
  touch(tx.db, 'sessions')
  return token
}

async function endReplaced(tx: Ctx, token: string): Promise<void> {
  if (!isSessionToken(token)) return
  const standing = await findSessionByToken(tx.db, hashOfToken(token))
  if (standing !== undefined && standing.session.host === undefined) {
    await endSession(tx, standing.session.id, 'replaced')
  }
}
