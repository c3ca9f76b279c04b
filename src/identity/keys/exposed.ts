import { timingSafeEqual } from 'node:crypto'
import { type Ctx, touch } from '#platform'
import { findCandidates, revokeCredentials, type StoredCredential } from '../credentials/credential-store.ts'
import { isWithin } from '../credentials/within.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { endManySessions } from '../sessions.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { findPrivateKey, provesKey } from './private-keys.ts'

/** Private keys that were pasted: whoever saw one can use it, so it is offered to revoke it wherever it is in use. */

const offerLives = 10 * 60_000

export interface ExposedKey {
  /** How many of one's own ways to sign in use it. */
  readonly own: number
  /** Whether accounts of others use it too; whose is not told. */
  readonly others: boolean
  /** Says which key, to `revokeExposed`: ten minutes, for this account alone. */
  readonly ticket: string
}

/**
 * What a text that holds a private key gives away; `undefined` when it holds none, or one that nobody uses. Others' are
 * touched only when the text proved to hold the private key itself: everybody may know a public half.
 */
export async function findExposed(parts: Parts, ctx: Ctx, text: string): Promise<ExposedKey | undefined> {
  const found = findPrivateKey(text)
  if (found?.publicKey === undefined) return undefined
  const { fingerprint } = found.publicKey
  // before it is known who uses it: the time must not tell that somebody does
  const proven = await provesKey(found, parts.kernel.random)
  const users = await findCandidates(ctx.db, { fingerprint, kind: 'key' })
  const own = users.filter(isOwn(ctx, proven)).length
  const others = proven && users.some(({ account }) => account.id !== ctx.actor.principal.id)
  if (own === 0 && !others) return undefined
  const scope = proven ? 'everywhere' : 'own'
  return { own, others, ticket: newTicket(parts, ctx, { fingerprint, scope, end: ctx.now + offerLives }) }
}

/**
 * Revokes an exposed key wherever it is in use, however wide: who has its private half could sign in with it anyway. Who
 * only told its public half revokes what they may. All that it opened ends.
 *
 * @returns how many were revoked
 * @throws GateError `identity.proof-needed`, `identity.exposed-key-unknown` for a ticket that is none, has ended, or is
 * somebody else's
 */
export async function revokeExposed(parts: Parts, ctx: Ctx, ticket: string): Promise<number> {
  await requireFreshProof(ctx)
  const { fingerprint, scope } = readTicket(parts, ctx, ticket)
  return ctx.tx(async (tx) => {
    const users = await findCandidates(tx.db, { fingerprint, kind: 'key' })
    const meant = scope === 'own' ? users.filter(isOwn(tx, false)) : users
    for (const user of meant) await revokeOne(tx, user)
    touch(tx.db, 'sessions')
    return meant.length
  })
}

async function revokeOne(tx: Ctx, { credential }: StoredCredential): Promise<void> {
  const { id, label, accountId, kind } = credential
  await revokeCredentials(tx.db, { id }, tx.now)
  const sessionsEnded = await endManySessions(tx, { credentialId: id }, 'credential-revoked')
  const tokensRevoked = await revokeCredentials(tx.db, { openedBy: id }, tx.now)
  await tx.audit({
    action: 'credentials.revoke',
    target: { type: 'credential', id, name: label },
    detail: { account: accountId, kind, sessionsEnded, tokensRevoked, reason: 'private-key-exposed' },
  })
}

/** The caller's own; without a proof only what reaches no further than they came with. */
function isOwn({ actor }: Ctx, proven: boolean) {
  return ({ account, credential }: StoredCredential): boolean =>
    account.id === actor.principal.id && (proven || isWithin(actor, credential))
}

interface Ticket {
  readonly fingerprint: string
  readonly scope: 'own' | 'everywhere'
  readonly end: number
}

function newTicket(parts: Parts, ctx: Ctx, { fingerprint, scope, end }: Ticket): string {
  const head = `${fingerprint}.${scope}.${end}`
  return `${head}.${macOf(parts, ctx, head).toString('base64url')}`
}

function readTicket(parts: Parts, ctx: Ctx, ticket: string): Ticket {
  const [, head = '', fingerprint = '', scope, end, mac = ''] =
    /^(([\w-]{43})\.(own|everywhere)\.(\d{1,15}))\.([\w-]{43})$/.exec(ticket) ?? []
  const given = Buffer.from(mac, 'base64url')
  const ours = macOf(parts, ctx, head)
  if (given.length !== ours.length || !timingSafeEqual(given, ours) || Number(end) <= ctx.now) {
    throw fail('identity.exposed-key-unknown')
  }
  return { fingerprint, scope: scope === 'everywhere' ? 'everywhere' : 'own', end: Number(end) }
}

function macOf({ kernel }: Parts, { actor }: Ctx, head: string): Buffer {
  return Buffer.from(kernel.keyring.mac('identity.exposed-key', JSON.stringify([actor.principal.id, head])))
}
