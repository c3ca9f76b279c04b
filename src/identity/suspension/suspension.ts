import type { Ctx, FieldFault } from '#platform'
import { touch } from '#platform'
import { type Account, findAccount, isReachable, updateAccount } from '../account-store.ts'
import { getAccount, refuseOwnAccount } from '../accounts.ts'
import { type Owner, revokeCredentials } from '../credentials/credential-store.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { endSessions } from '../session-store.ts'
import { suspendedLetter } from './letters.ts'
import { findOverSuspensions, insertSuspension, liftSuspensions } from './suspension-store.ts'

const longest = 10 * 366 * 24 * 60 * 60_000

export interface WantedSuspension {
  /** For the person and the history. */
  readonly reason: string
  /** Milliseconds since the epoch. */
  readonly until: number
}

/**
 * Shuts somebody out until a time. Their sessions end for good, since one that slept would come back to life on whatever
 * device it was left open; so do command-line sign-ins. Tokens made by hand prove nothing meanwhile. Both hold from commit on. They get the reason by mail, and learn
 * nothing at sign-in that an outsider could not. A suspension in force is replaced.
 *
 * @throws GateError `identity.own-account`, `identity.no-such-account`, `identity.account-disabled`, `identity.invalid-suspension`,
 * `access.outranked`, `access.last-administrator`
 */
export async function suspend(parts: Parts, ctx: Ctx, id: string, wanted: WantedSuspension): Promise<Account> {
  refuseOwnAccount(ctx, id)
  const reason = wanted.reason.trim()
  requireSound({ reason, until: wanted.until }, ctx.now)
  return ctx.tx(async (tx) => {
    const before = await getAccount(tx, id)
    if (before.state === 'disabled') throw fail('identity.account-disabled')
    await parts.access.requireOutranks(tx, id, `accounts:suspend:${id}`)
    await liftSuspensions(tx.db, id, tx.actor.principal, tx.now)
    const after = await move(parts, tx, before, 'suspended', wanted.until)
    const { kind, id: by, name } = tx.actor.principal
    const sessionsEnded = await endSessions(tx.db, { accountId: id }, 'suspended', tx.now)
    await revokeCredentials(tx.db, { signInsOf: id }, tx.now)
    await insertSuspension(tx.db, {
      id: tx.newId('sus'),
      accountId: id,
      reason,
      madeBy: { kind, id: by, name },
      fromAt: tx.now,
      untilAt: wanted.until,
      liftedBy: undefined,
      liftedAt: undefined,
    })
    await tx.audit({
      action: 'accounts.suspend',
      target: { type: 'account', id, name: before.handle },
      detail: { until: wanted.until, reason, sessionsEnded },
    })
    if (isReachable(before)) {
      await parts.mail.queue(tx, suspendedLetter(parts, before, before.email, { reason, until: wanted.until }))
    }
    return after
  })
}

/** Ends a suspension before its time. @throws GateError `identity.no-such-account`, `identity.not-suspended`, `access.outranked` */
export async function unsuspend(parts: Parts, ctx: Ctx, id: string): Promise<Account> {
  return ctx.tx(async (tx) => {
    const before = await getAccount(tx, id)
    await parts.access.requireOutranks(tx, id, `accounts:suspend:${id}`)
    if (before.state !== 'suspended') throw fail('identity.not-suspended')
    return lift(parts, tx, before, 'person')
  })
}

/**
 * Whether an account may act, as it was just read: a suspension whose time is over is lifted by whoever comes first, so that
 * nobody waits for a job. While it lasts nothing is written, however often its tokens come.
 */
export async function isActiveNow(parts: Parts, { id, state, suspendedUntil }: Owner): Promise<boolean> {
  if (state !== 'suspended') return state === 'active'
  const isOver = suspendedUntil !== undefined && suspendedUntil <= parts.kernel.clock.now()
  return isOver && liftIfOver(parts, id)
}

/** Lifts a suspension whose time is over. @returns whether the account is active now */
async function liftIfOver(parts: Parts, id: string): Promise<boolean> {
  const ctx = parts.kernel.context({ principal: { kind: 'system', id: 'system', name: 'system' } })
  return ctx.tx(async (tx) => {
    const before = await findAccount(tx.db, id)
    if (before?.state !== 'suspended') return before?.state === 'active'
    if ((before.suspendedUntil ?? Number.POSITIVE_INFINITY) > tx.now) return false
    await lift(parts, tx, before, 'time')
    return true
  })
}

/** Lifts what is over and was not used since: what acts for people without them, such as webhooks, waits for this. */
export async function liftAllOver(parts: Parts, ctx: Ctx): Promise<void> {
  for (const id of await findOverSuspensions(ctx.db, ctx.now, 1_000)) await liftIfOver(parts, id)
}

async function lift(parts: Parts, tx: Ctx, before: Account, by: 'person' | 'time'): Promise<Account> {
  const after = await move(parts, tx, before, 'active', undefined)
  await liftSuspensions(tx.db, before.id, tx.actor.principal, tx.now)
  const target = { type: 'account', id: before.id, name: before.handle }
  await tx.audit({ action: 'accounts.unsuspend', target, detail: { by } })
  return after
}

async function move(
  parts: Parts,
  tx: Ctx,
  before: Account,
  state: 'active' | 'suspended',
  suspendedUntil: number | undefined,
): Promise<Account> {
  const after: Account = { ...before, state, suspendedUntil, updatedAt: tx.now }
  if (!(await updateAccount(tx.db, after, before.revision))) throw fail('identity.changed-meanwhile')
  await parts.access.setPrincipalState(tx, before.id, state === 'active' ? 'active' : 'disabled')
  touch(tx.db, 'sessions')
  return { ...after, revision: before.revision + 1 }
}

function requireSound({ reason, until }: WantedSuspension, now: number): void {
  const badReason = reason.length < 3 || reason.length > 500 || /[\p{Cc}\p{Bidi_Control}]/u.test(reason)
  const faults: readonly FieldFault[] = [
    ...(badReason ? [{ field: 'reason', message: 'Say why, in 3 to 500 characters on one line.' }] : []),
    ...(until > now && until <= now + longest
      ? []
      : [{ field: 'until', message: 'Name a time to come, within ten years.' }]),
  ]
  if (faults.length > 0) throw fail('identity.invalid-suspension', { faults })
}
