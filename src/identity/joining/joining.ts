import type { Secret } from '#kit'
import { addressFault, foldAddress } from '#mail'
import { type Ctx, consoleOrigin, GateError, isUniqueViolation, type JournalValue } from '#platform'
import { type Account, findAccountByAddress } from '../account-store.ts'
import { addAccount, requireValidAccount } from '../accounts.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { findLink, insertLink, takeLink } from '../recovery/link-store.ts'
import { emitSealed, openSealed } from '../sealed-event.ts'
import { hashOfToken, isSessionToken, newSecretText } from '../token-format.ts'
import { findInvitationByHash, type Invitation, invitationStateAt, settleInvitation } from './invitation-store.ts'
import { alreadyJoinedLetter, joinLetter } from './letters.ts'
import { type Joining, type JoiningMode, readJoining, writeJoining } from './mode-store.ts'
import { countStrangersRequest, requireCalmLink } from './request-throttle.ts'

const linkLives = 24 * 60 * 60_000
/** Somebody asked to join with an address; who that is, and whether they can, is looked up outside their request. */
export const joinAsked = 'identity.join-asked'

/** Who may join. @throws GateError `identity.joining-needs-mail`, `identity.changed-meanwhile` */
export async function setJoining(
  parts: Parts,
  ctx: Ctx,
  mode: JoiningMode,
  guard: (before: Joining) => void = () => {},
): Promise<Joining> {
  if (mode === 'open' && !parts.mail.enabled) throw fail('identity.joining-needs-mail')
  return ctx.tx(async (tx) => {
    const before = await readJoining(tx.db)
    guard(before)
    if (before.mode === mode) return before
    if (!(await writeJoining(tx.db, mode, before.revision, tx.now))) throw fail('identity.changed-meanwhile')
    await tx.audit({ action: 'joining.set', detail: { before: before.mode, mode } })
    return { mode, revision: before.revision + 1 }
  })
}

/**
 * A stranger asks to join with an address. What follows is the same for every address; the rest happens later and shows
 * only in the mailbox.
 *
 * @throws GateError `identity.joining-closed`, `identity.ask-later`, `identity.invalid-account` for what is no address
 */
export async function askToJoin(parts: Parts, ctx: Ctx, typed: string): Promise<void> {
  const email = typed.trim()
  const message = addressFault(email)
  if (message !== undefined) throw fail('identity.invalid-account', { faults: [{ field: 'email', message }] })
  await ctx.tx(async (tx) => {
    if (!(await isOpen(parts, tx))) throw fail('identity.joining-closed')
    const goOn = await countStrangersRequest(tx, parts.kernel.keyring, foldAddress(email))
    if (goOn) await emitSealed(parts, tx, joinAsked, email)
  })
}

/** The mail that a request to join leads to. */
export async function answerJoinRequest(
  parts: Parts,
  payload: Readonly<Record<string, JournalValue>>,
  ctx: Ctx,
): Promise<void> {
  const email = openSealed(parts, payload)
  await ctx.tx(async (tx) => {
    if (!(await isOpen(parts, tx))) return
    const account = await findAccountByAddress(tx.db, email)
    if (account !== undefined) {
      await parts.mail.queue(tx, alreadyJoinedLetter(parts, email, account))
      return
    }
    const token = newSecretText(parts.kernel.random)
    const expiresAt = tx.now + linkLives
    await insertLink(tx.db, {
      hash: hashOfToken(token),
      kind: 'join',
      accountId: undefined,
      email,
      maker: undefined,
      secondFactors: false,
      holdings: undefined,
      createdAt: tx.now,
      expiresAt,
    })
    const link = `${consoleOrigin(parts.kernel)}/join?token=${token}`
    await parts.mail.queue(tx, joinLetter(parts, email, link, tx.now, expiresAt))
  })
}

/** What a token to join with is good for. */
export type JoinPass =
  | { readonly by: 'invitation'; readonly hash: string; readonly invitation: Invitation; readonly proves: boolean }
  | { readonly by: 'address'; readonly hash: string; readonly email: string }

/** @throws GateError `identity.link-refused` for every token that opens nothing, whatever the reason */
export async function findJoinPass(parts: Parts, ctx: Ctx, token: string | undefined): Promise<JoinPass> {
  if (token === undefined || !isSessionToken(token)) throw fail('identity.link-refused')
  const hash = hashOfToken(token)
  const { mode } = await readJoining(ctx.db)
  if (mode === 'off') throw fail('identity.link-refused')
  const invited = await findInvitationByHash(ctx.db, hash)
  if (invited !== undefined && invitationStateAt(invited.invitation, ctx.now) === 'open') {
    return { by: 'invitation', hash, invitation: invited.invitation, proves: invited.wasMailed }
  }
  const link = mode === 'open' ? await findLink(ctx.db, 'join', hash, ctx.now) : undefined
  if (link?.email === undefined || !parts.mail.enabled) throw fail('identity.link-refused')
  return { by: 'address', hash, email: link.email }
}

export interface Joiner {
  /** Ignored where the invitation fixes it. */
  readonly handle: string
  readonly displayName: string
  readonly password: Secret
}

/**
 * Makes the account of who holds a link, once. Only here does an account come to be: an address nobody was found to read
 * is never anybody's.
 *
 * @throws GateError `identity.link-refused`, `identity.ask-later`, `identity.handle-taken`, `identity.invalid-account`,
 * `identity.address-taken`, `identity.busy`
 */
export async function join(parts: Parts, ctx: Ctx, token: string | undefined, joiner: Joiner): Promise<Account> {
  const pass = await findJoinPass(parts, ctx, token)
  await requireCalmLink(ctx, parts.kernel.keyring, pass.hash)
  const wanted = wantedBy(pass, joiner, ctx.now)
  await requireValidAccount(parts, wanted)
  const hash = await parts.hasher.queued((queue) => queue.hash(joiner.password))
  try {
    return await ctx.tx(async (tx) => {
      // it may have been used, or cancelled, while the password was hashed
      const still = await findJoinPass(parts, tx, token)
      const verifiedAt = await verifiedWhen(tx, still)
      const account = await addAccount(
        parts,
        tx,
        { ...wantedBy(still, joiner, tx.now), emailVerifiedAt: verifiedAt },
        hash,
      )
      await redeem(parts, tx, still, account)
      const target = { type: 'account', id: account.id, name: account.handle }
      await tx.audit({ action: 'accounts.join', target, detail: { by: still.by } })
      return account
    })
  } catch (error) {
    throw isUniqueViolation(error) ? fail('identity.handle-taken', { cause: error }) : error
  }
}

function wantedBy(pass: JoinPass, { handle, displayName, password }: Joiner, now: number) {
  return pass.by === 'address'
    ? { handle, displayName, password, email: pass.email, emailVerifiedAt: now }
    : { handle: pass.invitation.handle ?? handle, displayName, password, email: pass.invitation.email }
}

/** When the person is now found to read mail to the address. @throws GateError `identity.address-taken` */
async function verifiedWhen(tx: Ctx, pass: JoinPass): Promise<number | undefined> {
  const email = pass.by === 'address' ? pass.email : pass.proves ? pass.invitation.email : undefined
  if (email === undefined) return undefined
  if ((await findAccountByAddress(tx.db, email)) === undefined) return tx.now
  if (pass.by === 'address') throw fail('identity.address-taken')
  // who invites may not know; the person joins all the same, with an address that is only shown
  return undefined
}

async function redeem(parts: Parts, tx: Ctx, pass: JoinPass, account: Account): Promise<void> {
  if (pass.by === 'address') {
    if (!(await takeLink(tx.db, pass.hash))) throw fail('identity.link-refused')
    return
  }
  const { invitation } = pass
  const settled = { state: 'accepted', accountId: account.id, at: tx.now } as const
  if (!(await settleInvitation(tx.db, invitation.id, settled))) throw fail('identity.link-refused')
  const inviter = tx.as(invitation.inviter)
  try {
    await parts.access.require(inviter, 'accounts:create')
    await parts.access.admit(inviter, account.id, invitation)
  } catch (error) {
    // whoever invites may no longer do so; why is theirs to read in the journal, not the stranger's
    throw error instanceof GateError && error.status < 500 ? fail('identity.link-refused', { cause: error }) : error
  }
  await tx.audit({
    action: 'invitations.accept',
    target: { type: 'invitation', id: invitation.id, name: account.handle },
    detail: { account: account.id, addressProven: account.emailVerifiedAt !== undefined },
  })
}

async function isOpen(parts: Parts, ctx: Ctx): Promise<boolean> {
  return parts.mail.enabled && (await readJoining(ctx.db)).mode === 'open'
}
