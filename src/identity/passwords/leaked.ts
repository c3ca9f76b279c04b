import { type Ctx, touch } from '#platform'
import type { Credential } from '../credentials/credential.ts'
import { noteLeaked } from '../credentials/credential-store.ts'
import { fail } from '../errors.ts'

/** Where a leaked password is changed; its sessions are led there. */
export const changePasswordPath = '/account/password'

/**
 * Notes that a password that was just proved has leaked. From the commit on, whatever it opened and opens is good for
 * changing it and for nothing else, on every device and app host. Must run inside `ctx.tx`.
 */
export async function markLeaked(tx: Ctx, { id, accountId }: Credential): Promise<void> {
  await noteLeaked(tx.db, id, { at: tx.now, signedIn: false })
  touch(tx.db, 'sessions')
  await tx.audit({
    action: 'passwords.leak',
    target: { type: 'account', id: accountId },
    detail: { credential: id },
  })
}

/**
 * Before a session is opened: a leaked password opens one, in which it is changed. Must run inside `ctx.tx`.
 *
 * @throws GateError `identity.password-leaked` the second time
 */
export async function spendLeaked(tx: Ctx, { id, leaked }: Credential): Promise<void> {
  if (leaked === undefined) return
  if (leaked.signedIn) throw fail('identity.password-leaked')
  await noteLeaked(tx.db, id, { ...leaked, signedIn: true })
}

/** A token is made for what it may do, and a leaked password lends nothing. @throws GateError `identity.password-leaked` */
export function refuseLeaked({ leaked }: Credential): void {
  if (leaked !== undefined) throw fail('identity.password-leaked')
}
