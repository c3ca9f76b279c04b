import type { Secret } from '#kit'
import { addressFault, foldAddress } from '#mail'
import { type Ctx, consoleOrigin, type JournalValue } from '#platform'
import { type Account, findAccount, findAccountByAddress, findAccountByHandle, isReachable } from '../account-store.ts'
import { getAccount, refuseOwnAccount } from '../accounts.ts'
import { listCredentials } from '../credentials/credential-store.ts'
import { revokeIn } from '../credentials/credentials.ts'
import { fail } from '../errors.ts'
import { foldHandle } from '../handles.ts'
import { countStrangersRequest, requireCalmLink } from '../joining/request-throttle.ts'
import type { Parts } from '../parts.ts'
import { preparePassword } from '../passwords/distinct.ts'
import { mainPassword, setPassword } from '../passwords.ts'
import { emitSealed, openSealed } from '../sealed-event.ts'
import { requireFreshPerson } from '../sign-in/fresh-proof.ts'
import { hashOfToken, isSessionToken, newSecretText } from '../token-format.ts'
import { recoveredLetter, recoveryLetter } from './letters.ts'
import { dropLinks, findLink, insertLink, type Link, takeLink } from './link-store.ts'

const minute = 60_000
/** A link asked for by mail. */
export const mailedLinkLives = 30 * minute
/** A link an administrator made. */
export const madeLinkLives = 24 * 60 * minute
/** Somebody asked to get back in; who that is, and whether there is anybody, is looked up outside their request. */
export const recoveryAsked = 'identity.recovery-asked'

/** Whether people may ask for links by mail here. */
export function mayAskByMail({ mail, config }: Parts): boolean {
  return mail.enabled && config.recovery.mail
}

/**
 * A stranger says that they cannot sign in. The same is done and answered for every handle and address; what comes of it
 * shows only in a mailbox.
 *
 * @throws GateError `identity.recovery-closed`, `identity.ask-later`
 */
export async function askRecovery(parts: Parts, ctx: Ctx, typed: string): Promise<void> {
  if (!mayAskByMail(parts)) throw fail('identity.recovery-closed')
  const subject = isAddress(typed) ? foldAddress(typed) : foldHandle(typed)
  await ctx.tx(async (tx) => {
    if (await countStrangersRequest(tx, parts.kernel.keyring, subject)) {
      await emitSealed(parts, tx, recoveryAsked, subject)
    }
  })
}

/** The mail that a request leads to: only to an address that was proved, of an account that may sign in. */
export async function answerRecoveryRequest(
  parts: Parts,
  payload: Readonly<Record<string, JournalValue>>,
  ctx: Ctx,
): Promise<void> {
  const subject = openSealed(parts, payload)
  await ctx.tx(async (tx) => {
    const found = isAddress(subject)
      ? await findAccountByAddress(tx.db, subject)
      : await findAccountByHandle(tx.db, subject)
    if (found?.state !== 'active' || !isReachable(found) || !mayAskByMail(parts)) return
    const made = await addLink(parts, tx, found, { secondFactors: false, email: found.email, byMaker: false })
    await mailLink(parts, tx, found, found.email, made)
    await auditLink(tx, found, { by: 'mail', secondFactors: false, mailed: true })
  })
}

export interface WantedLink {
  /** Takes the second factors away as well. */
  readonly secondFactors: boolean
  /** Sent to the proved address and shown to nobody; else shown to who makes it. */
  readonly byMail: boolean
}

export interface MadeLink {
  /** Shown this once; absent when it was mailed. */
  readonly link: string | undefined
  readonly expiresAt: number
}

/**
 * Makes a link with which somebody sets a new password. Whoever has it becomes that account, so it asks what a reset
 * asks. Until it is used nothing ends.
 *
 * @throws GateError `access.outranked`, `access.more-than-held`, `identity.own-account`, `identity.no-such-account`, `identity.no-verified-address`,
 * `identity.proof-needed`
 */
export async function makeRecoveryLink(
  parts: Parts,
  ctx: Ctx,
  accountId: string,
  wanted: WantedLink,
): Promise<MadeLink> {
  refuseOwnAccount(ctx, accountId)
  await requireFreshPerson(ctx)
  return ctx.tx(async (tx) => {
    const account = await getAccount(tx, accountId)
    await parts.access.requireOutranks(tx, accountId, `credentials:reset:${accountId}`)
    await parts.access.requireCoverageOf(tx, accountId)
    const { secondFactors, byMail } = wanted
    if (byMail && (!isReachable(account) || !parts.mail.enabled)) throw fail('identity.no-verified-address')
    const email = byMail ? account.email : undefined
    const made = await addLink(parts, tx, account, { secondFactors, email, byMaker: true })
    const mailed = email !== undefined && (await mailLink(parts, tx, account, email, made))
    if (byMail && !mailed) throw fail('identity.no-verified-address')
    await auditLink(tx, account, { by: 'administrator', secondFactors, mailed })
    return { link: mailed ? undefined : made.address, expiresAt: made.expiresAt }
  })
}

export interface RecoveryPass {
  readonly link: Link
  readonly account: Account
}

/**
 * What a token opens, judged at use: the account must stand, be reached where the link was sent, hold no more than when the
 * link was made, and have no password newer than it.
 *
 * @throws GateError `identity.link-refused` for every token that opens nothing, whatever the reason
 */
export async function findRecoveryPass(parts: Parts, ctx: Ctx, token: string | undefined): Promise<RecoveryPass> {
  if (token === undefined || !isSessionToken(token)) throw fail('identity.link-refused')
  const link = await findLink(ctx.db, 'recovery', hashOfToken(token), ctx.now)
  const account = link?.accountId === undefined ? undefined : await findAccount(ctx.db, link.accountId)
  if (link === undefined || account?.state !== 'active') throw fail('identity.link-refused')
  const moved = link.email !== undefined && (link.email !== account.email || !isReachable(account))
  const password = await mainPassword(ctx, account.id)
  const replaced = password !== undefined && password.secretSetAt > link.createdAt
  // who made it was asked about what the account held then
  const grown = link.maker !== undefined && link.holdings !== (await holdingsOf(parts, ctx, account.id))
  if (moved || replaced || grown) throw fail('identity.link-refused')
  return { link, account }
}

/**
 * Sets the password of who holds a link, once; sessions and command-line sign-ins that the old one opened end. Second
 * factors stay, unless the link says otherwise. Signs nobody in.
 *
 * @throws GateError `identity.link-refused`, `identity.ask-later`, `identity.invalid-password`, `identity.password-in-use`, `identity.busy`
 */
export async function recover(parts: Parts, ctx: Ctx, token: string | undefined, next: Secret): Promise<Account> {
  const pass = await findRecoveryPass(parts, ctx, token)
  await requireCalmLink(ctx, parts.kernel.keyring, pass.link.hash)
  const { hash, same } = await preparePassword(parts, ctx, pass.account, {
    next,
    place: 'instead',
    asker: 'administrator',
    device: undefined,
  })
  // the narrow password of a script must not come to open everything
  if (same !== undefined && same !== (await mainPassword(ctx, pass.account.id))?.id) {
    throw fail('identity.password-in-use')
  }
  return ctx.tx(async (tx) => {
    const { link, account } = await findRecoveryPass(parts, tx, token)
    if (!(await takeLink(tx.db, link.hash))) throw fail('identity.link-refused')
    await dropLinks(tx.db, account.id, 'recovery')
    const password = await mainPassword(tx, account.id)
    await setPassword(parts, tx, password, hash, 'passwords.recover')
    if (link.secondFactors) await takeSecondFactors(tx, account.id)
    if (isReachable(account)) await parts.mail.queue(tx, recoveredLetter(parts, account, account.email, tx.now))
    return account
  })
}

async function takeSecondFactors(tx: Ctx, accountId: string): Promise<void> {
  for (const { id, isSecond } of await listCredentials(tx.db, accountId)) {
    if (isSecond) await revokeIn(tx, id, 'recovery link')
  }
}

interface AddedLink {
  readonly address: string
  readonly expiresAt: number
}

async function addLink(
  parts: Parts,
  tx: Ctx,
  { id }: Account,
  wanted: { readonly secondFactors: boolean; readonly email: string | undefined; readonly byMaker: boolean },
): Promise<AddedLink> {
  const token = newSecretText(parts.kernel.random)
  const expiresAt = tx.now + (wanted.byMaker ? madeLinkLives : mailedLinkLives)
  await insertLink(tx.db, {
    hash: hashOfToken(token),
    kind: 'recovery',
    accountId: id,
    email: wanted.email,
    maker: wanted.byMaker ? tx.actor.principal : undefined,
    secondFactors: wanted.secondFactors,
    holdings: wanted.byMaker ? await holdingsOf(parts, tx, id) : undefined,
    createdAt: tx.now,
    expiresAt,
  })
  return { address: `${consoleOrigin(parts.kernel)}/recover?token=${token}`, expiresAt }
}

function mailLink(parts: Parts, tx: Ctx, account: Account, to: string, made: AddedLink): Promise<boolean> {
  return parts.mail.queue(tx, recoveryLetter(parts, account, to, made.address, { now: tx.now, ...made }))
}

function auditLink(
  tx: Ctx,
  { id, handle }: Account,
  detail: { readonly by: 'administrator' | 'mail'; readonly secondFactors: boolean; readonly mailed: boolean },
): Promise<void> {
  return tx.audit({ action: 'recovery-links.create', target: { type: 'account', id, name: handle }, detail })
}

async function holdingsOf(parts: Parts, ctx: Ctx, accountId: string): Promise<string> {
  return JSON.stringify(await parts.access.holdings(ctx.db, accountId))
}

function isAddress(typed: string): boolean {
  return addressFault(typed.trim()) === undefined
}
