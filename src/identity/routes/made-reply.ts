import type { Ctx, Reply } from '#platform'
import type { Credential } from '../credentials/credential.ts'
import { listCredentials } from '../credentials/credential-store.ts'
import { credentialKinds } from '../credentials/kinds.ts'
import { offerRecoveryPage } from '../one-time-codes/views.ts'
import type { Parts } from '../parts.ts'
import { renewedCookie } from '../session-cookie.ts'

/** After a credential was made: back to the list, or an offer of recovery codes after the first second factor. */
export async function madeReply(ctx: Ctx, made: Credential): Promise<Reply> {
  if (!(await isFirstSecond(ctx, made))) return { kind: 'redirect', location: '/account/security?done=created' }
  const title = `The ${credentialKinds[made.kind].title} “${made.label}” is made, and is asked for from the next sign-in on.`
  return { kind: 'page', page: offerRecoveryPage(title) }
}

/** Whether it is the only second factor of its account, without recovery codes beside it: losing it shuts its owner out. */
export async function isFirstSecond(ctx: Ctx, made: Credential): Promise<boolean> {
  if (!made.isSecond) return false
  const all = await listCredentials(ctx.db, made.accountId)
  return all.every(({ id, isSecond, kind }) => id === made.id || (!isSecond && kind !== 'recovery-codes'))
}

/** After a secret was replaced: back to the list, with the session's new token when it rests on it. */
export function resetReply(parts: Parts, { token }: { readonly token: string | undefined }): Reply {
  return { kind: 'redirect', location: '/account/security?done=reset', ...renewedCookie(parts, token) }
}
