import { noLimits, type Secret } from '#kit'
import { type Ctx, GateError, touch } from '#platform'
import { getAccount, refuseOwnAccount } from './accounts.ts'
import { type Credential, newCredential } from './credentials/credential.ts'
import { insertCredential, listCredentials, resetSecret, revokeCredentials } from './credentials/credential-store.ts'
import { requireWithin } from './credentials/within.ts'
import { fail } from './errors.ts'
import type { Parts } from './parts.ts'
import { normalizePassword } from './password-rule.ts'
import { preparePassword } from './passwords/distinct.ts'
import { endManySessions, rotateOwnToken } from './sessions.ts'
import { requireFreshPerson } from './sign-in/fresh-proof.ts'
import { provePassword } from './sign-in/prove-password.ts'

export interface PasswordChange {
  readonly present: Secret
  readonly next: Secret
  readonly device: string | undefined
}

export interface PasswordChanged {
  /** The new token of the session that asked; absent when a token asked. */
  readonly token: string | undefined
  readonly sessionsEnded: number
}

/**
 * Changes the caller's own password after proving the present one, throttled like a sign-in: that one of several which was
 * proved. Every other session and sign-in token it opened ends; the session that asks gets a new token. Its limits stay.
 *
 * @throws GateError `identity.wrong-password`, `identity.invalid-password`, `identity.password-in-use`,
 * `identity.wider-than-credential`, `identity.try-later`, `identity.busy`
 */
export async function changeOwnPassword(parts: Parts, ctx: Ctx, change: PasswordChange): Promise<PasswordChanged> {
  const account = await getAccount(ctx, ctx.actor.principal.id)
  const { present, next, device } = change
  const { hash, same } = await preparePassword(parts, ctx, account, { next, place: 'instead', asker: 'owner', device })
  const isSame = same !== undefined || normalizePassword(present.reveal()) === normalizePassword(next.reveal())
  const tried = { handle: account.handle, password: present, device, nextDevice: device }
  try {
    return await provePassword(parts, ctx, tried, async (tx, { credential }) => {
      // told only now: before the proof it would say which passwords there are
      if (isSame) throw fail('identity.password-in-use')
      // acts as who asked, not as who was proved: the session that stays is the asking one
      const asking = tx.as(ctx.actor)
      if (asking.actor.credential?.id !== credential.id) requireWithin(asking.actor, credential)
      return { whole: true, result: await setPassword(parts, asking, credential, hash, 'passwords.change') }
    })
  } catch (error) {
    const wrong = error instanceof GateError && error.code === 'identity.sign-in-failed'
    throw wrong ? fail('identity.wrong-password') : error
  }
}

/**
 * Sets somebody's password without knowing the present one: of several that which reaches everything. Whoever
 * may do this can become that account, so it is a permission of its own (`credentials:reset`). Every session and sign-in
 * token the old one opened ends. The own password is changed by proving it, whatever else one may; and nobody becomes who
 * may do more than they and what they came with.
 *
 * @throws GateError `access.outranked`, `access.more-than-held`, `identity.own-account`, `identity.no-such-account`, `identity.invalid-password`,
 * `identity.password-in-use`, `identity.proof-needed`, `identity.busy`
 */
export async function resetPassword(parts: Parts, ctx: Ctx, accountId: string, next: Secret): Promise<PasswordChanged> {
  refuseOwnAccount(ctx, accountId)
  await requireFreshPerson(ctx)
  const account = await getAccount(ctx, accountId)
  const { hash, same } = await preparePassword(parts, ctx, account, {
    next,
    place: 'instead',
    asker: 'administrator',
    device: undefined,
  })
  if (same !== undefined) throw fail('identity.password-in-use')
  return ctx.tx(async (tx) => {
    await getAccount(tx, accountId)
    await parts.access.requireOutranks(tx, accountId, `credentials:reset:${accountId}`)
    await parts.access.requireCoverageOf(tx, accountId)
    return setPassword(parts, tx, await mainPassword(tx, accountId), hash, 'passwords.reset')
  })
}

/**
 * The password that is put in order when its owner cannot: the oldest that reaches everything, limited ones stay what they
 * are. An account that signed in in other ways gets one, whose hash is nobody's until `setPassword`. Inside `ctx.tx`.
 */
export async function mainPassword(tx: Ctx, accountId: string): Promise<Credential> {
  const main = (await listCredentials(tx.db, accountId, 'password')).find(isUnlimited)
  if (main !== undefined) return main
  const made = newCredential(tx, { accountId, kind: 'password', label: 'Password', ...noLimits })
  await insertCredential(tx.db, made, { hash: made.id })
  return made
}

function isUnlimited({ permissions, networks, regions, expiresAt }: Credential): boolean {
  const places = networks.allow.length + networks.deny.length + regions.length
  return permissions.includes('*') && places === 0 && expiresAt === undefined
}

/** 20 letters and digits without look-alikes, in groups of five: more than 110 bits, for showing once. */
export function generatePassword(random: { bytes(length: number): Uint8Array }): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRSTUVWXY34679'
  const letters: string[] = []
  while (letters.length < 20) {
    for (const byte of random.bytes(32)) {
      // bytes beyond the last whole multiple would favour the first letters
      if (byte < 256 - (256 % alphabet.length) && letters.length < 20)
        letters.push(alphabet[byte % alphabet.length] ?? '')
    }
  }
  return [0, 5, 10, 15].map((from) => letters.slice(from, from + 5).join('')).join('-')
}

/**
 * Puts a new hash in the place of a password's; what the old one opened ends. Inside `ctx.tx`; asks nobody. Of the
 * account's own session that asks, the token is new.
 */
export async function setPassword(
  parts: Parts,
  tx: Ctx,
  credential: Credential,
  hash: string,
  action: string,
): Promise<PasswordChanged> {
  if (!(await resetSecret(tx.db, credential.id, { hash }, tx.now))) throw fail('identity.no-such-account')
  const own = tx.actor.principal.id === credential.accountId ? tx.actor.session?.id : undefined
  const choice = { credentialId: credential.id, ...(own === undefined ? {} : { except: own }) }
  const sessionsEnded = await endManySessions(tx, choice, 'password-changed')
  const tokensRevoked = await revokeCredentials(tx.db, { openedBy: credential.id }, tx.now)
  touch(tx.db, 'sessions')
  const token = own === undefined ? undefined : await rotateOwnToken(parts, tx)
  await tx.audit({
    action,
    target: { type: 'account', id: credential.accountId },
    detail: { credential: credential.id, sessionsEnded, tokensRevoked },
  })
  return { token, sessionsEnded }
}
