import { inCidrs, parseAddress, parseCidr } from '#kit'
import type { ExtendedKeyUsage } from '../x509/extensions.ts'
import type { KeyKind } from '../x509/public-keys.ts'

/**
 * - `server`: proves a host to its visitors; its names are hosts.
 * - `device`, `person`, `gateway`: prove who a client is.
 * - `service`: both sides; carries a SPIFFE identity.
 */
export const profileKinds = ['server', 'device', 'person', 'service', 'gateway'] as const
export type ProfileKind = (typeof profileKinds)[number]

/** What keys a profile takes; `RSA` stands for 2048 to 4096 bits. */
export const keyClasses = ['P-256', 'P-384', 'P-521', 'Ed25519', 'RSA'] as const
export type KeyClass = (typeof keyClasses)[number]

/** What a certificate of this profile looks like. Nobody asks for a field: the profile and its holder decide them all. */
export interface Profile {
  /** Immutable slug, never reused. */
  readonly name: string
  readonly kind: ProfileKind
  /** The line of authorities that issues it. */
  readonly line: string
  /** Milliseconds; no certificate of this profile lives longer. */
  readonly lifetimeMs: number
  readonly keys: readonly KeyClass[]
  /** Host names it may carry: `app.example`, `*.example` for everything under it, CIDRs for addresses. */
  readonly names: readonly string[]
  readonly builtIn: boolean
  readonly title: string
  /** May be empty. */
  readonly description: string
  /** Counts changes; 0 of what is built in. */
  readonly revision: number
  /** Absent of what is built in. */
  readonly createdAt: number | undefined
  readonly updatedAt: number | undefined
}

const day = 86_400_000
/** The life of so many days, in milliseconds. Both ends of a validity are included, hence a second less. */
export const lifetimeOf = (count: number): number => count * day - 1000

interface KindRule {
  readonly purposes: readonly ExtendedKeyUsage[]
  readonly line: string
  readonly lifetimeMs: number
  readonly title: string
  /** The subject carries the holder's name. A server's and a service's names stand in the alternative names alone. */
  readonly named: boolean
}

export const kindRules: Readonly<Record<ProfileKind, KindRule>> = {
  server: {
    purposes: ['serverAuth'],
    line: 'servers',
    lifetimeMs: lifetimeOf(90),
    title: 'Proves a host to its visitors',
    named: false,
  },
  device: {
    purposes: ['clientAuth'],
    line: 'clients',
    lifetimeMs: lifetimeOf(365),
    title: 'Proves a device to what it connects to',
    named: true,
  },
  person: {
    purposes: ['clientAuth'],
    line: 'clients',
    lifetimeMs: lifetimeOf(365),
    title: 'Proves a person, in place of a password',
    named: true,
  },
  service: {
    purposes: ['serverAuth', 'clientAuth'],
    line: 'clients',
    lifetimeMs: lifetimeOf(90),
    title: 'Proves a service, calling and called',
    named: false,
  },
  gateway: {
    purposes: ['clientAuth'],
    line: 'clients',
    lifetimeMs: lifetimeOf(30),
    title: 'Proves this Gatehouse to the apps behind it',
    named: true,
  },
}

/** Whom a certificate of each kind speaks for; a server's speaks for its hosts alone. */
export const profileHolders = {
  server: undefined,
  device: 'device',
  person: 'account',
  service: 'service',
  gateway: 'service',
} as const

/** The profiles that are always there. @param trustDomain what servers of this Gatehouse may be named under */
export function builtInProfiles(trustDomain: string): readonly Profile[] {
  return profileKinds.map((kind) => ({
    name: kind,
    kind,
    line: kindRules[kind].line,
    lifetimeMs: kindRules[kind].lifetimeMs,
    keys: keyClasses,
    names: kind === 'server' || kind === 'service' ? [`*.${trustDomain}`] : [],
    builtIn: true,
    title: kindRules[kind].title,
    description: '',
    revision: 0,
    createdAt: undefined,
    updatedAt: undefined,
  }))
}

/** Longest life in whole days. */
export function daysOf({ lifetimeMs }: Pick<Profile, 'lifetimeMs'>): number {
  return Math.ceil(lifetimeMs / day)
}

/** The same as people say it: `1 day`, `90 days`. */
export function lifeOf(profile: Pick<Profile, 'lifetimeMs'>): string {
  const days = daysOf(profile)
  return days === 1 ? '1 day' : `${days} days`
}

/** Whether a key of this kind may be certified by the profile. */
export function takesKey({ keys }: Profile, kind: KeyKind): boolean {
  return keys.some((taken) => (taken === 'RSA' ? kind.startsWith('RSA-') : taken === kind))
}

/** The kind of key that is made for a certificate of the profile: P-256 where it takes that. */
export function newKeyKind({ keys }: Pick<Profile, 'keys'>): KeyKind {
  const taken = keyClasses.find((one) => keys.includes(one))
  if (taken === undefined) throw new TypeError('a profile takes some key')
  return taken === 'RSA' ? 'RSA-3072' : taken
}

/** Whether a host name or address may stand in a certificate of the profile. @param name canonical */
export function allowsName({ names }: Profile, name: string): boolean {
  const bytes = parseAddress(name)
  if (bytes !== undefined) {
    const ranges = names.flatMap((pattern) => parseCidr(pattern) ?? [])
    return inCidrs(name, ranges)
  }
  return names.some((pattern) => (pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern))
}
