import type { Actor, ActorCredential, CredentialLimits } from './actor.ts'
import { isCountry } from './countries.ts'
import { networkFault } from './ip.ts'
import { allWithin, parsePattern } from './permission.ts'

/** Whatever a principal may; nothing is narrowed. */
export const noLimits: CredentialLimits = {
  permissions: ['*'],
  networks: { allow: [], deny: [] },
  regions: [],
  expiresAt: undefined,
}

/**
 * What was asked for, within what was come with: a credential never opens more than the one it was made with. Lists of
 * networks cannot be intersected in general, so a list that is not simply narrower is not narrowed but named: the answer is
 * then which limit would be wider. Permissions are left alone; whether they are held is a decision.
 */
export function narrowedBy(
  wanted: CredentialLimits,
  through: CredentialLimits,
): CredentialLimits | 'networks' | 'regions' {
  const allow = narrowList(wanted.networks.allow, through.networks.allow)
  const regions = narrowList(wanted.regions, through.regions)
  if (allow === undefined) return 'networks'
  if (regions === undefined) return 'regions'
  return {
    permissions: wanted.permissions,
    networks: { allow, deny: [...new Set([...through.networks.deny, ...wanted.networks.deny])] },
    regions,
    expiresAt: earliest(wanted.expiresAt, through.expiresAt),
  }
}

/**
 * Whether limits allow nothing that others refuse, their ends aside. Lists that cannot be compared by their entries count as
 * wider.
 */
export function limitsWithin(limits: CredentialLimits, through: CredentialLimits): boolean {
  const listed = (some: readonly string[], all: readonly string[]) =>
    all.length === 0 || (some.length > 0 && some.every((one) => all.includes(one)))
  return (
    allWithin(limits.permissions, through.permissions) &&
    listed(limits.networks.allow, through.networks.allow) &&
    through.networks.deny.every((one) => limits.networks.deny.includes(one)) &&
    listed(limits.regions, through.regions)
  )
}

function narrowList(wanted: readonly string[], through: readonly string[]): readonly string[] | undefined {
  if (through.length === 0) return wanted
  if (wanted.length === 0) return through
  return wanted.every((one) => through.includes(one)) ? wanted : undefined
}

/**
 * What an actor came through as one credential: for whatever is made now and acts later. Limits of several factors are
 * joined so that the result never allows what one of them refuses; where lists cannot be joined exactly it allows less.
 */
export function throughOf({ credential, factors = [] }: Actor): ActorCredential | undefined {
  return credential && factors.reduce(joined, credential)
}

function joined(first: ActorCredential, other: ActorCredential): ActorCredential {
  const within = (some: readonly string[], all: readonly string[]) => some.filter((one) => allWithin([one], all))
  return {
    ...first,
    permissions: [
      ...new Set([...within(first.permissions, other.permissions), ...within(other.permissions, first.permissions)]),
    ],
    networks: {
      allow: common(first.networks.allow, other.networks.allow, nowhere),
      deny: [...new Set([...first.networks.deny, ...other.networks.deny])],
    },
    regions: common(first.regions, other.regions, noRegion),
    expiresAt: earliest(first.expiresAt, other.expiresAt),
  }
}

/** No client has it; an empty list would allow everything. */
const nowhere = '255.255.255.255/32'
/** ISO 3166-1 keeps it for users; no address lies there. */
const noRegion = 'ZZ'

function common(first: readonly string[], other: readonly string[], none: string): readonly string[] {
  if (first.length === 0) return other
  if (other.length === 0) return first
  const both = first.filter((one) => other.includes(one))
  return both.length === 0 ? [none] : both
}

/** Of two ends of which each may be none: the one that comes first. */
export function earliest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.min(one, other)
}

export interface LimitFault {
  readonly field: 'permissions' | 'networks' | 'regions' | 'expiresAt'
  readonly message: string
}

/** What is wrong with limits as somebody typed them. @param now milliseconds since the epoch */
export function limitFaults(limits: CredentialLimits, now: number): readonly LimitFault[] {
  const faults: LimitFault[] = []
  const check = (field: LimitFault['field'], ok: boolean, message: string): void => {
    if (!ok) faults.push({ field, message })
  }
  check('permissions', limits.permissions.length > 0, 'Name at least one permission.')
  for (const text of limits.permissions) {
    check('permissions', parsePattern(text) !== undefined, `Not a permission: ${text.slice(0, 80)}`)
  }
  for (const text of [...limits.networks.allow, ...limits.networks.deny]) {
    const fault = limitNetworkFault(text)
    check('networks', fault === undefined, fault ?? '')
  }
  for (const text of limits.regions) {
    check('regions', isCountry(text), `Not a country code: ${text.slice(0, 8)}. Write two capitals, such as DE.`)
  }
  check('expiresAt', limits.expiresAt === undefined || limits.expiresAt > now, 'The expiry must lie in the future.')
  return faults
}

/** What is wrong with an entry of a credential's networks: a network, an address or the `@name` of a named network. */
export function limitNetworkFault(text: string): string | undefined {
  if (/^@[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$/.test(text)) return undefined
  return text.startsWith('@') ? `Not the name of a network: ${text.slice(0, 80)}.` : networkFault(text)
}
