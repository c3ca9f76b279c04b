import { addressNetwork } from '#kit'
import type { Ctx, GateError, Keyring } from '#platform'
import { fail } from '../errors.ts'
import { countAttempt, forgottenAt, type ThrottleRule } from '../throttle-rule.ts'
import { readThrottles, writeThrottles } from '../throttle-store.ts'
import { waitInWords } from '../throttles.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/**
 * - `network`: requests for mail from one network. - `person`: requests about one address or handle, from everywhere; the
 * same whether anybody has it. - `link`: attempts to use one link, since a handle that is taken is told.
 */
const rules = {
  network: { free: 10, first: 10 * second, longest: hour, forget: 10 * minute },
  person: { free: 3, first: 10 * minute, longest: 24 * hour, forget: 2 * hour },
  link: { free: 20, first: second, longest: 15 * minute, forget: 10 * minute },
} as const satisfies Readonly<Record<string, ThrottleRule>>

/** Counts a request. @returns milliseconds to wait; 0 when it was counted and may go on. Inside `ctx.tx`. */
export async function countRequest(
  tx: Ctx,
  keyring: Keyring,
  rule: keyof typeof rules,
  subject: string,
): Promise<number> {
  const mac = Buffer.from(keyring.mac('identity.request', JSON.stringify([rule, subject]))).toString('base64url')
  const state = (await readThrottles(tx.db, [mac])).get(mac)
  if (state !== undefined && state.until > tx.now) return state.until - tx.now
  const counted = countAttempt(state, rules[rule], tx.now)
  await writeThrottles(tx.db, [{ mac, ...counted, forgottenAt: forgottenAt(counted, rules[rule]) }])
  return 0
}

/**
 * Counts what a stranger asks of us by mail. Too much from one network is refused; too much about one person is answered as
 * ever and does nothing, so that nobody learns whom others ask about. Inside `ctx.tx`.
 *
 * @returns whether to go on
 * @throws GateError `identity.ask-later`
 */
export async function countStrangersRequest(tx: Ctx, keyring: Keyring, person: string): Promise<boolean> {
  const { address } = tx.actor
  const wait = await countRequest(tx, keyring, 'network', address === undefined ? 'local' : addressNetwork(address))
  if (wait > 0) throw askLater(wait)
  return (await countRequest(tx, keyring, 'person', person)) === 0
}

/** @throws GateError `identity.ask-later` */
export async function requireCalmLink(ctx: Ctx, keyring: Keyring, hash: string): Promise<void> {
  const wait = await ctx.tx((tx) => countRequest(tx, keyring, 'link', hash))
  if (wait > 0) throw askLater(wait)
}

function askLater(wait: number): GateError {
  return fail('identity.ask-later', {
    fields: { wait: waitInWords(wait) },
    headers: { 'Retry-After': String(Math.ceil(wait / 1_000)) },
  })
}
