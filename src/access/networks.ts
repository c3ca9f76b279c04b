import { type Cidr, inCidrs, parseAddress, parseCidr } from '#kit'
import type { Facts } from './facts.ts'

/** A list of CIDRs and `@names`, resolved. `unreadable`: an entry is neither, or its name is unknown. */
interface NetworkList {
  readonly cidrs: readonly Cidr[]
  readonly unreadable: boolean
}

/** Whether the address lies in the list. An unknown name or unreadable entry holds no address; no address lies nowhere. */
export function isInside(address: string | undefined, networks: readonly string[], facts: Facts): boolean {
  return address !== undefined && inCidrs(address, expand(networks, facts).cidrs)
}

/**
 * Whether a credential's lists admit the address: outside every `deny`, inside `allow` unless that is empty. A deny list
 * with an entry that cannot be resolved (its named network is gone) admits nobody, because what it kept out is unknown;
 * neither does a text that is no address.
 */
export function isAdmitted(
  address: string | undefined,
  { allow, deny }: { readonly allow: readonly string[]; readonly deny: readonly string[] },
  facts: Facts,
): boolean {
  if (allow.length === 0 && deny.length === 0) return true
  if (address === undefined || parseAddress(address) === undefined) return false
  const denied = expand(deny, facts)
  if (denied.unreadable || inCidrs(address, denied.cidrs)) return false
  return allow.length === 0 || inCidrs(address, expand(allow, facts).cidrs)
}

function expand(networks: readonly string[], facts: Facts): NetworkList {
  let unreadable = false
  const cidrs = networks.flatMap((entry) => {
    const found = entry.startsWith('@') ? facts.network(entry.slice(1)) : parseCidr(entry)
    unreadable ||= found === undefined || found === null
    return found ?? []
  })
  return { cidrs, unreadable }
}
