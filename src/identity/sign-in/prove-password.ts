import type { Secret } from '#kit'
import type { Ctx } from '#platform'
import { findCandidates, replaceSecret } from '../credentials/credential-store.ts'
import type { Parts } from '../parts.ts'
import { type Outcome, type Proven, proveAttempt, type SignInAttempt } from './attempts.ts'

export interface PasswordAttempt extends SignInAttempt {
  readonly password: Secret
}

/**
 * Proves a password and, in the same transaction, does what that opens. Takes a place in the queue of hashes for as long
 * as it lasts.
 *
 * @throws GateError `identity.sign-in-failed`, `identity.try-later`, `identity.busy`
 */
export function provePassword<T>(
  parts: Parts,
  ctx: Ctx,
  tried: PasswordAttempt,
  onProven: (tx: Ctx, proven: Proven) => Promise<Outcome<T>>,
): Promise<T> {
  return parts.hasher.queued(async (queue) => {
    let verified: string | undefined
    let upgraded: string | undefined
    return proveAttempt(parts, ctx, tried, {
      async verify(_, handle) {
        const stored = await findCandidates(ctx.db, { handle, kinds: ['password'] })
        const hashes = stored.map(({ hash }) => hash)
        const place = await queue.verify(tried.password, hashes)
        const found = place === undefined ? undefined : stored[place]
        if (found === undefined) return { account: stored[0]?.account }
        verified = found.hash
        const beside = hashes.filter((_, at) => at !== place)
        if (queue.isOutdated(found.hash, beside)) upgraded = await queue.hash(tried.password, beside)
        return { account: found.account, proven: found }
      },
      async confirm(tx, { credential }) {
        if (verified === undefined) return false
        return upgraded === undefined
          ? (await findCandidates(tx.db, { id: credential.id }))[0]?.hash === verified
          : replaceSecret(tx.db, credential.id, upgraded, verified, undefined)
      },
      onProven,
    })
  }, tried.device !== undefined)
}
