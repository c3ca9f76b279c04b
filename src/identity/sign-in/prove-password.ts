import type { Secret } from '#kit'
import type { Ctx } from '#platform'
import type { Credential } from '../credentials/credential.ts'
import { findCandidates, type Owner, replaceSecret } from '../credentials/credential-store.ts'
import type { Parts } from '../parts.ts'
import { isCompromised, passwordContext } from '../password-rule.ts'
import { markLeaked } from '../passwords/leaked.ts'
import { type Outcome, type Proven, proveAttempt, type SignInAttempt } from './attempts.ts'

export interface PasswordAttempt extends SignInAttempt {
  readonly password: Secret
}

/**
 * Proves a password and, in the same transaction, does what that opens. Takes a place in the queue of hashes for as long
 * as it lasts. One that is right and turns out to have leaked is marked so in that transaction.
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
    let beside: readonly string[] = []
    let upgraded: string | undefined
    let isNewlyLeaked = false
    return proveAttempt(parts, ctx, tried, {
      async verify(_, handle) {
        const stored = await findCandidates(ctx.db, { handle, kinds: ['password'] })
        const hashes = stored.map(({ hash }) => hash)
        // asked for whoever is meant; nothing is found in what stands in for nothing
        const standIn = parts.standIns.of(handle)
        const place = await queue.verify(tried.password, hashes.length === 0 ? standIn : hashes)
        const found = place === undefined ? undefined : stored[place]
        if (found === undefined) return { account: stored[0]?.account }
        verified = found.hash
        beside = hashes.filter((_, at) => at !== place)
        return { account: found.account, proven: found }
      },
      async keepUp(_, proven) {
        const { account, credential } = proven
        if (verified !== undefined && queue.isOutdated(verified, beside)) {
          upgraded = await queue.hash(tried.password, beside)
        }
        isNewlyLeaked = credential.leaked === undefined && (await hasLeaked(parts, tried.password, account))
        return isNewlyLeaked ? { ...proven, credential: asLeaked(credential, ctx.now) } : proven
      },
      async confirm(tx, { credential }, stored) {
        if (verified === undefined) return false
        const stands =
          upgraded === undefined
            ? stored.hash === verified
            : await replaceSecret(tx.db, credential.id, upgraded, verified, undefined)
        if (stands && isNewlyLeaked) await markLeaked(tx, credential)
        if (upgraded !== undefined) parts.standIns.changed()
        return stands
      },
      onProven,
    })
  }, tried.device !== undefined)
}

function hasLeaked(parts: Parts, password: Secret, { handle }: Owner): Promise<boolean> {
  return isCompromised(password, passwordContext(parts, handle))
}

function asLeaked(credential: Credential, at: number): Credential {
  return { ...credential, leaked: { at, signedIn: false } }
}
