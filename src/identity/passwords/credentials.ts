import type { CredentialLimits, Secret } from '#kit'
import type { Ctx } from '#platform'
import { getAccount } from '../accounts.ts'
import { createCredential, getResettable, resetOwn } from '../credentials/create.ts'
import type { Credential } from '../credentials/credential.ts'
import { listCredentials } from '../credentials/credential-store.ts'
import type { Confirmed } from '../credentials/limit-questions.ts'
import { fail } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { requireFreshProof } from '../sign-in/fresh-proof.ts'
import { preparePassword } from './distinct.ts'

/** More of one account could not all be compared in one sign-in. */
const mostPasswords = 20

export interface NewPassword extends CredentialLimits {
  readonly label: string
  readonly password: Secret
  readonly confirmed: Confirmed
}

/**
 * One more password for the account that asks, with limits of its own: one that may only deploy, one for the office.
 *
 * @param device the browser's proven device id
 * @throws GateError `identity.too-many-passwords`, `identity.password-in-use`, as `preparePassword` and `createCredential`
 */
export async function makePassword(
  parts: Parts,
  ctx: Ctx,
  { password, ...wanted }: NewPassword,
  device: string | undefined,
): Promise<Credential> {
  await requireFreshProof(ctx)
  const account = await getAccount(ctx, ctx.actor.principal.id)
  const present = await listCredentials(ctx.db, account.id, 'password')
  if (present.length >= mostPasswords) throw fail('identity.too-many-passwords')
  const { hash, same } = await preparePassword(parts, ctx, account, {
    next: password,
    place: 'beside',
    asker: 'owner',
    device,
  })
  if (same !== undefined) throw fail('identity.password-in-use')
  return createCredential(parts, ctx, { ...wanted, kind: 'password' }, () => ({ hash }))
}

/**
 * Puts another password in the place of one of the own account; limits stay. A fresh proof stands for the present one.
 *
 * @throws GateError `identity.password-in-use`, as `preparePassword` and `resetOwn`
 */
export async function resetOwnPassword(
  parts: Parts,
  ctx: Ctx,
  { id, password }: { readonly id: string; readonly password: Secret },
  device: string | undefined,
) {
  await requireFreshProof(ctx)
  await getResettable(ctx, id, 'password')
  const account = await getAccount(ctx, ctx.actor.principal.id)
  const { hash, same } = await preparePassword(parts, ctx, account, {
    next: password,
    place: 'instead',
    asker: 'owner',
    device,
  })
  if (same !== undefined) throw fail('identity.password-in-use')
  return resetOwn(parts, ctx, id, 'password', async () => ({ hash }))
}
