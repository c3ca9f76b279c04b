import type { Ctx } from '#platform'
import type { Credential } from '../credentials/credential.ts'
import { listCredentials } from '../credentials/credential-store.ts'
import { type CredentialKind, credentialKinds } from '../credentials/kinds.ts'
import type { WaitingSignIn } from './finish.ts'

/** What may complete a half sign-in, by kind: of its account, not expired, and of no kind that was proved already. */
export async function secondWays(
  ctx: Ctx,
  { factors, accountId }: WaitingSignIn,
): Promise<ReadonlyMap<CredentialKind, readonly Credential[]>> {
  const proven = new Set(factors.map(({ credential }) => credential.kind))
  const usable = (await listCredentials(ctx.db, accountId)).filter(
    ({ kind, expiresAt = Number.POSITIVE_INFINITY }) =>
      credentialKinds[kind].second && !proven.has(kind) && expiresAt > ctx.now,
  )
  const order = Object.keys(credentialKinds)
  const sorted = usable.toSorted((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind))
  return Map.groupBy(sorted, ({ kind }) => kind)
}
