import { addressNetwork } from '#kit'
import type { Ctx, Keyring } from '#platform'
import { fail } from './errors.ts'
import {
  countAttempt,
  forgottenAt,
  type ThrottleScope,
  type ThrottleState,
  takeBackAttempt,
  throttleRules,
} from './throttle-rule.ts'
import { type KeptThrottle, readThrottles, writeThrottles } from './throttle-store.ts'

const day = 24 * 60 * 60_000
/** 90 days from the last sign-in, which is noted up to a day late. */
const remembered = 91 * day

/** Who tries to prove what, from where. */
export interface Attempt {
  /** Folded; need not exist. */
  readonly handle: string
  readonly address: string | undefined
  /** The browser's proven device id. */
  readonly device: string | undefined
}

/** An attempt that was counted before its outcome is known. */
export interface CountedAttempt {
  readonly macs: Macs
  readonly scopes: readonly ThrottleScope[]
}

interface Macs extends Readonly<Record<Exclude<ThrottleScope, 'device'> | 'knownNetwork', string>> {
  /** Of the browser that made the attempt, when it proved which it is. */
  readonly device?: { readonly id: string; readonly counter: string; readonly known: string }
}

/**
 * Counts an attempt, in one read and one write whoever is meant. Because the count is taken before any password is
 * looked at, attempts made at the same time cannot overtake it. Must run inside `ctx.tx`.
 *
 * A device that has signed in as this handle has a counter of its own and no other; a network that has is spared the
 * handle's everywhere-counter. So nobody can keep a person out of the places they sign in from.
 *
 * @throws GateError `identity.try-later` (429, Retry-After in seconds); a delayed attempt is not counted
 */
export async function countSignInAttempt(ctx: Ctx, keyring: Keyring, attempt: Attempt): Promise<CountedAttempt> {
  const macs = macsOf(keyring, attempt)
  const { pair, network, account, knownNetwork, device } = macs
  const ofDevice = device === undefined ? [] : [device.counter, device.known]
  const kept = await readThrottles(ctx.db, [pair, network, account, knownNetwork, ...ofDevice])
  const scopes = scopesFor(device !== undefined && kept.has(device.known), kept.has(knownNetwork))
  const until = Math.max(...scopes.map((scope) => kept.get(counterOf(scope, macs))?.until ?? 0))
  if (until > ctx.now) throw tryLater(until - ctx.now)
  await writeThrottles(
    ctx.db,
    scopes.map((scope) => {
      const mac = counterOf(scope, macs)
      return keep(scope, mac, countAttempt(kept.get(mac), throttleRules[scope], ctx.now))
    }),
  )
  return { macs, scopes }
}

/**
 * The proof was right: takes the attempt back and, unless more is to be guessed, remembers network and device as this handle's.
 * Inside `ctx.tx`.
 *
 * @param attempt as counted, with the device id the browser is given by this sign-in
 * @param startsAfresh false: more is still to be guessed, a second factor or a wider password, and guesses at it go on being
 * counted where they are
 */
export async function settleRightAttempt(
  ctx: Ctx,
  keyring: Keyring,
  attempt: Attempt,
  { macs, scopes }: CountedAttempt,
  startsAfresh: boolean,
): Promise<void> {
  const counters = scopes.map((scope) => [scope, counterOf(scope, macs)] as const)
  const places = startsAfresh ? knownPlaces(ctx, keyring, attempt, macs) : []
  const kept = await readThrottles(ctx.db, [...counters.map(([, mac]) => mac), ...places.map(({ mac }) => mac)])
  const settled = counters.flatMap(([scope, mac]) => {
    const state = kept.get(mac)
    if (state === undefined) return []
    // who proved the password starts afresh where only they are counted
    const own = startsAfresh && (scope === 'pair' || scope === 'device')
    const after = own ? { attempts: 0, until: 0, settledAt: ctx.now } : takeBackAttempt(state, throttleRules[scope])
    return [keep(scope, mac, after)]
  })
  // written once a day at most: every sign-in comes through here
  const news = places.filter(({ mac }) => ctx.now - (kept.get(mac)?.settledAt ?? 0) >= day)
  if (settled.length + news.length > 0) await writeThrottles(ctx.db, [...settled, ...news])
}

/** Remembers network and device as this handle's, without an attempt before: for set-up. Inside `ctx.tx`. */
export async function rememberPlaces(ctx: Ctx, keyring: Keyring, attempt: Attempt): Promise<void> {
  await writeThrottles(ctx.db, knownPlaces(ctx, keyring, attempt))
}

/** @param counted the same attempt's, where it was counted */
function knownPlaces(
  ctx: Ctx,
  keyring: Keyring,
  { handle, address, device }: Attempt,
  counted?: Macs,
): readonly KeptThrottle[] {
  const mac = macWith(keyring)
  const macs = [counted?.knownNetwork ?? mac('known-network', handle, networkOf(address))]
  if (device !== undefined) {
    macs.push(counted?.device?.id === device ? counted.device.known : mac('known-device', handle, device))
  }
  const state = { attempts: 0, until: 0, settledAt: ctx.now, forgottenAt: ctx.now + remembered }
  return macs.map((mac) => ({ mac, ...state }))
}

/** `a second`, `40 seconds`, `15 minutes`: rounded up, because earlier would be refused again. */
export function waitInWords(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1_000)
  if (seconds <= 1) return 'a second'
  return seconds <= 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`
}

function tryLater(wait: number) {
  return fail('identity.try-later', {
    fields: { wait: waitInWords(wait) },
    headers: { 'Retry-After': String(Math.ceil(wait / 1_000)) },
  })
}

function scopesFor(knownDevice: boolean, knownNetwork: boolean): readonly ThrottleScope[] {
  if (knownDevice) return ['device']
  return knownNetwork ? ['pair', 'network'] : ['pair', 'network', 'account']
}

function counterOf(scope: ThrottleScope, { device, ...macs }: Macs): string {
  if (scope !== 'device') return macs[scope]
  if (device === undefined) throw new TypeError('an attempt without a device is not counted by device')
  return device.counter
}

function keep(scope: ThrottleScope, mac: string, state: ThrottleState): KeptThrottle {
  return { mac, ...state, forgottenAt: forgottenAt(state, throttleRules[scope]) }
}

/** Keyed, so that the table tells nobody who tried what: people type passwords where handles belong. */
function macsOf(keyring: Keyring, { handle, address, device }: Attempt): Macs {
  const network = networkOf(address)
  const mac = macWith(keyring)
  return {
    pair: mac('pair', handle, network),
    network: mac('network', network),
    account: mac('account', handle),
    knownNetwork: mac('known-network', handle, network),
    ...(device !== undefined && {
      device: { id: device, counter: mac('device', handle, device), known: mac('known-device', handle, device) },
    }),
  }
}

function networkOf(address: string | undefined): string {
  return address === undefined ? 'local' : addressNetwork(address)
}

function macWith(keyring: Keyring): (...parts: readonly string[]) => string {
  return (...parts) => Buffer.from(keyring.mac('identity.throttle', JSON.stringify(parts))).toString('base64url')
}
