import type { Secret } from '#kit'
import type { Ctx } from '#platform'
import type { Account } from '../account-store.ts'
import { findCandidates } from '../credentials/credential-store.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { passwordContext, passwordFault } from '../password-rule.ts'
import { countOrJournal } from '../sign-in/attempts.ts'

/** A password that may be used, hashed for an account. */
export interface PreparedPassword {
  readonly hash: string
  /** Id of the password of that account that it is already. */
  readonly same: string | undefined
}

/** @throws GateError `identity.invalid-password` */
export async function requireUsable(parts: Parts, password: Secret, handle: string): Promise<void> {
  const fault = await passwordFault(password, passwordContext(parts, handle))
  if (fault !== undefined) {
    throw fail('identity.invalid-password', { fields: { fault }, faults: [{ field: 'password', message: fault }] })
  }
}

export interface WantedPassword {
  readonly next: Secret
  readonly place: 'beside' | 'instead'
  /** Who may set it without knowing another can become the account anyway, and must be able to while somebody attacks it. */
  readonly asker: 'owner' | 'administrator'
  /** The browser's proven device id. */
  readonly device: string | undefined
}

/**
 * Judges and hashes a new password, sharing the salt of the account's others. Whether it is one of them is something a thief
 * with a narrow password would like to know of the wide one, so wherever there are others this counts as an attempt to sign
 * in, and one that is never taken back.
 *
 * @param place `instead`: one of the account's is replaced, and where it is the only one there is none to compare with
 * @throws GateError `identity.invalid-password`, `identity.try-later`, `identity.busy`
 */
export async function preparePassword(
  parts: Parts,
  ctx: Ctx,
  { id, handle }: Pick<Account, 'id' | 'handle'>,
  { next, place, asker, device }: WantedPassword,
): Promise<PreparedPassword> {
  await requireUsable(parts, next, handle)
  return parts.hasher.queued(async (queue) => {
    const stored = await findCandidates(ctx.db, { accountId: id, kinds: ['password'] })
    if (stored.length === 0 || (place === 'instead' && stored.length === 1))
      return { hash: await queue.hash(next), same: undefined }
    if (asker === 'owner') await countOrJournal(parts, ctx, { handle, address: ctx.actor.address, device })
    const hashes = stored.map((one) => one.hash)
    const same = await queue.verify(next, hashes)
    return {
      hash: await queue.hash(next, hashes),
      same: same === undefined ? undefined : stored[same]?.credential.id,
    }
  }, device !== undefined)
}
