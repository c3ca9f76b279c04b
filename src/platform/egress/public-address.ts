import { type Cidr, inCidrs, parseAddress, parseCidr } from '#kit'

/** IANA special-purpose IPv4 registry: everything not globally reachable, multicast and the deprecated relay anycast. */
const specialV4 = networks(
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24',
  '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4',
)
/** Of IPv6 only global unicast is public, without its special parts: Teredo and protocols, documentation, 6to4. */
const globalV6 = networks('2000::/3')
const specialV6 = networks('2001::/23 2001:db8::/32 2002::/16 3fff::/20')
/** RFC 6052: stands for the IPv4 address in its last four bytes. */
const nat64 = networks('64:ff9b::/96')

/**
 * Whether an address is a public one: not of this machine, its networks, a documentation range or a group. Addresses
 * that carry an IPv4 address are judged by it (mapped, NAT64) or refused whole (6to4, Teredo, local NAT64 prefixes).
 */
export function isPublicAddress(address: string): boolean {
  const bytes = parseAddress(address)
  if (bytes === undefined) return false
  if (bytes.length === 4) return !inCidrs(address, specialV4)
  if (inCidrs(address, nat64)) return isPublicAddress(bytes.subarray(12).join('.'))
  return inCidrs(address, globalV6) && !inCidrs(address, specialV6)
}

function networks(...lists: readonly string[]): readonly Cidr[] {
  return lists
    .flatMap((list) => list.split(' '))
    .map((text) => {
      const cidr = parseCidr(text)
      if (cidr === undefined) throw new TypeError(`${text} is not a network`)
      return cidr
    })
}
