import { addressFault } from '#mail'
import { type Ctx, consoleOrigin, isUniqueViolation, touch } from '#platform'
import { type Account, findAccountByAddress, isReachable, updateAccount } from '../account-store.ts'
import { getAccount } from '../accounts.ts'
import { fail } from '../errors.ts'
import { requireCalmLink } from '../joining/request-throttle.ts'
import type { Parts } from '../parts.ts'
import { accountResource, ownAccountId } from '../resources.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { hashOfToken, isSessionToken, newSecretText } from '../token-format.ts'
import { addressLetter, addressMovedLetter } from './letters.ts'
import { dropLinks, findLink, insertLink, type Link, takeLink } from './link-store.ts'

const linkLives = 24 * 60 * 60_000

/**
 * Sends a link to the address the caller wants to be reached at: theirs, or a new one. Nothing changes before it is
 * confirmed, so nobody gets an address of somebody else. Asks for a fresh proof: who is reached there can get back in.
 *
 * @throws GateError `identity.no-mail`, `identity.invalid-account`, `identity.proof-needed`, `identity.ask-later`, `access.refused`
 */
export async function askAddress(parts: Parts, ctx: Ctx, typed: string): Promise<void> {
  const id = ownAccountId(ctx)
  await parts.access.require(ctx, `accounts:update:${id}`, accountResource(id))
  await requireFreshProof(ctx)
  if (!parts.mail.enabled) throw fail('identity.no-mail')
  const email = typed.trim()
  const message = addressFault(email)
  if (message !== undefined) throw fail('identity.invalid-account', { faults: [{ field: 'email', message }] })
  await requireCalmLink(ctx, parts.kernel.keyring, `address/${id}`)
  await ctx.tx(async (tx) => {
    const account = await getAccount(tx, id)
    const token = newSecretText(parts.kernel.random)
    await dropLinks(tx.db, id, 'address')
    await insertLink(tx.db, {
      hash: hashOfToken(token),
      kind: 'address',
      accountId: id,
      email,
      maker: undefined,
      secondFactors: false,
      holdings: undefined,
      createdAt: tx.now,
      expiresAt: tx.now + linkLives,
    })
    const link = `${consoleOrigin(parts.kernel)}/address?token=${token}`
    await parts.mail.queue(tx, addressLetter(parts, account, email, link, linkLives))
  })
}

/** The address a token proves for the caller's own account. @throws GateError `identity.link-refused` */
export async function findAddressPass(ctx: Ctx, token: string | undefined): Promise<Link & { readonly email: string }> {
  const link =
    token === undefined || !isSessionToken(token)
      ? undefined
      : await findLink(ctx.db, 'address', hashOfToken(token), ctx.now)
  const { email } = link ?? {}
  // a link opened by somebody else proves nothing about their account, and must not about its own
  if (link === undefined || email === undefined || link.accountId !== ownAccountId(ctx))
    throw fail('identity.link-refused')
  return { ...link, email }
}

/**
 * The caller, signed in, holds the link that was sent to the address: it is theirs from commit on.
 *
 * @throws GateError `identity.link-refused`, `identity.address-taken`, `identity.proof-needed`, `access.refused`
 */
export async function confirmAddress(parts: Parts, ctx: Ctx, token: string | undefined): Promise<Account> {
  const id = ownAccountId(ctx)
  await parts.access.require(ctx, `accounts:update:${id}`, accountResource(id))
  await requireFreshProof(ctx)
  try {
    return await ctx.tx(async (tx) => {
      const link = await findAddressPass(tx, token)
      if (!(await takeLink(tx.db, link.hash))) throw fail('identity.link-refused')
      const before = await getAccount(tx, id)
      const owner = await findAccountByAddress(tx.db, link.email)
      if (owner !== undefined && owner.id !== id) throw fail('identity.address-taken')
      const after: Account = { ...before, email: link.email, emailVerifiedAt: tx.now, updatedAt: tx.now }
      if (!(await updateAccount(tx.db, after, before.revision))) throw fail('identity.changed-meanwhile')
      // identity headers carry the address
      touch(tx.db, 'sessions')
      await dropLinks(tx.db, id, 'recovery')
      await tx.audit({ action: 'accounts.verify-address', target: { type: 'account', id, name: before.handle } })
      if (isReachable(before) && before.email !== link.email) {
        await parts.mail.queue(tx, addressMovedLetter(parts, before, before.email, tx.now))
      }
      return { ...after, revision: before.revision + 1 }
    })
  } catch (error) {
    throw isUniqueViolation(error) ? fail('identity.address-taken', { cause: error }) : error
  }
}
