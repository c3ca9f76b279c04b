import { throughOf } from '#kit'
import { addressFault } from '#mail'
import { type Ctx, consoleOrigin, type FieldFault } from '#platform'
import { isHandleTaken } from '../account-store.ts'
import { displayNameFault } from '../accounts.ts'
import { fail } from '../errors.ts'
import { handleFault } from '../handles.ts'
import type { Parts } from '../parts.ts'
import { hashOfToken, newSecretText } from '../token-format.ts'
import {
  findInvitation,
  type Invitation,
  type InvitationHashes,
  type Inviter,
  insertInvitation,
  renewInvitation,
  settleInvitation,
} from './invitation-store.ts'
import { invitationLetter } from './letters.ts'
import { readJoining } from './mode-store.ts'

const day = 24 * 60 * 60_000
export const usualLife = 7 * day
export const longestLife = 30 * day

const inviting = 'accounts:create'

export interface NewInvitation {
  /** Fixed when given; else whoever joins chooses. */
  readonly handle: string | undefined
  readonly displayName: string | undefined
  readonly email: string | undefined
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  /** Milliseconds from now. */
  readonly lasts: number
}

export interface MadeInvitation {
  readonly invitation: Invitation
  /** Shown this once. */
  readonly link: string
  /** Whether another link, known to nobody here, is on its way to the address. */
  readonly mailed: boolean
}

/**
 * Invites somebody. The roles and groups must be within what the actor may give, now and when the invitation is accepted.
 * Lasts no longer than what the actor came with.
 *
 * @throws GateError `identity.joining-off`, `identity.invalid-invitation`, `access.more-than-held`, `access.refused`, `access.role-unknown`,
 * `access.group-unknown`
 */
export async function createInvitation(parts: Parts, ctx: Ctx, wanted: NewInvitation): Promise<MadeInvitation> {
  return ctx.tx(async (tx) => {
    await requireInviting(tx)
    await requireSound(tx, wanted)
    await parts.access.requireAdmissible(tx, wanted)
    const invitation: Invitation = {
      id: tx.newId('inv'),
      inviter: inviterOf(tx),
      handle: wanted.handle?.toLowerCase(),
      displayName: wanted.displayName?.trim(),
      email: wanted.email,
      roles: [...new Set(wanted.roles)],
      groups: [...new Set(wanted.groups)],
      settled: undefined,
      accountId: undefined,
      createdAt: tx.now,
      expiresAt: endOf(tx, wanted.lasts),
      settledAt: undefined,
    }
    const made = await handOut(parts, tx, invitation, (hashes) => insertInvitation(tx.db, invitation, hashes))
    await audit(tx, 'invitations.create', invitation, { mailed: made.mailed })
    return made
  })
}

/**
 * Makes new links for an open invitation and sends it again; the former links open nothing. From then on it is the
 * actor's, within what they may give: a link to more than they hold would make them that.
 *
 * @throws GateError `identity.no-such-invitation`, `identity.invitation-settled`, `access.outranked` by who made it, and as `createInvitation`
 */
export async function resendInvitation(parts: Parts, ctx: Ctx, id: string): Promise<MadeInvitation> {
  return ctx.tx(async (tx) => {
    await requireInviting(tx)
    const before = await getInvitation(tx, id)
    if (before.settled !== undefined) throw fail('identity.invitation-settled')
    await parts.access.requireOutranks(tx, before.inviter.principal.id, inviting)
    await parts.access.requireAdmissible(tx, before)
    const lasts = before.expiresAt - before.createdAt
    const invitation = { ...before, inviter: inviterOf(tx), expiresAt: endOf(tx, lasts) }
    const made = await handOut(parts, tx, invitation, async (hashes) => {
      if (!(await renewInvitation(tx.db, invitation, hashes))) throw fail('identity.invitation-settled')
    })
    await audit(tx, 'invitations.resend', invitation, { mailed: made.mailed })
    return made
  })
}

/**
 * From commit on its links open nothing.
 *
 * @throws GateError `identity.no-such-invitation`, `identity.invitation-settled`, `access.outranked` by who made it
 */
export async function cancelInvitation({ access }: Pick<Parts, 'access'>, ctx: Ctx, id: string): Promise<Invitation> {
  return ctx.tx(async (tx) => {
    const invitation = await getInvitation(tx, id)
    await access.requireOutranks(tx, invitation.inviter.principal.id, inviting)
    const settled = await settleInvitation(tx.db, id, { state: 'cancelled', at: tx.now })
    if (!settled) throw fail('identity.invitation-settled')
    await audit(tx, 'invitations.cancel', invitation, {})
    return getInvitation(tx, id)
  })
}

/** @throws GateError `identity.no-such-invitation` */
export async function getInvitation(ctx: Ctx, id: string): Promise<Invitation> {
  const found = await findInvitation(ctx.db, id)
  if (found === undefined) throw fail('identity.no-such-invitation')
  return found
}

/** The link that was shown proves nothing about the address, so the one that is sent is another. */
async function handOut(
  parts: Parts,
  tx: Ctx,
  invitation: Invitation,
  keep: (hashes: InvitationHashes) => Promise<void>,
): Promise<MadeInvitation> {
  const { random } = parts.kernel
  const shown = newSecretText(random)
  const sent = invitation.email === undefined || !parts.mail.enabled ? undefined : newSecretText(random)
  await keep({ shown: hashOfToken(shown), mailed: sent === undefined ? undefined : hashOfToken(sent) })
  const mailed =
    sent !== undefined &&
    invitation.email !== undefined &&
    (await parts.mail.queue(tx, invitationLetter(parts, invitation, invitation.email, linkOf(parts, sent), tx.now)))
  return { invitation, link: linkOf(parts, shown), mailed }
}

function linkOf({ kernel }: Parts, token: string): string {
  return `${consoleOrigin(kernel)}/join?token=${token}`
}

/** @throws GateError `identity.joining-off` */
async function requireInviting(tx: Ctx): Promise<void> {
  if ((await readJoining(tx.db)).mode === 'off') throw fail('identity.joining-off')
}

/** Place and end proved who asked; what came of it is judged by what they may when it is accepted. */
function inviterOf({ actor }: Ctx): Inviter {
  const { principal, app, grant } = actor
  const through = throughOf(actor)
  const anywhere = { networks: { allow: [], deny: [] }, regions: [], expiresAt: undefined }
  return {
    principal,
    ...(through === undefined ? {} : { credential: { ...through, ...anywhere } }),
    ...(app === undefined ? {} : { app }),
    ...(grant === undefined ? {} : { grant }),
  }
}

function endOf(tx: Ctx, lasts: number): number {
  return Math.min(tx.now + lasts, throughOf(tx.actor)?.expiresAt ?? Number.MAX_SAFE_INTEGER)
}

async function requireSound(tx: Ctx, { handle, displayName, email, lasts }: NewInvitation): Promise<void> {
  const taken = handle !== undefined && (await isHandleTaken(tx.db, handle.toLowerCase()))
  const faults = [
    { field: 'handle', message: handle === undefined ? undefined : handleFault(handle) },
    { field: 'handle', message: taken ? 'This handle is or was used by an account.' : undefined },
    { field: 'displayName', message: displayName === undefined ? undefined : displayNameFault(displayName) },
    { field: 'email', message: email === undefined ? undefined : addressFault(email) },
    {
      field: 'lasts',
      message: lasts < 60_000 || lasts > longestLife ? 'An invitation lasts from a minute to 30 days.' : undefined,
    },
  ].filter((fault): fault is FieldFault => fault.message !== undefined)
  if (faults.length > 0) throw fail('identity.invalid-invitation', { faults })
}

function audit(tx: Ctx, action: string, invitation: Invitation, more: { readonly mailed?: boolean }): Promise<void> {
  const { id, handle, roles, groups, expiresAt } = invitation
  return tx.audit({
    action,
    target: { type: 'invitation', id, ...(handle === undefined ? {} : { name: handle }) },
    detail: { roles, groups, expiresAt, ...more },
  })
}
