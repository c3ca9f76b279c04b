/**
 * IP addresses as text with exactly one form each. IPv4-mapped IPv6 (`::ffff:a.b.c.d`) is IPv4 everywhere here, so that
 * a rule about an address cannot be dodged by arriving at a dual-stack socket.
 */

/** A network: its canonical text and what is compared. Made by `parseCidr` only. */
export interface Cidr {
  /** `10.0.0.0/8`, `2001:db8::/32` */
  readonly text: string
  /** Network address: 4 or 16 bytes, host bits zero. */
  readonly bytes: Uint8Array
  readonly prefix: number
}

/** Longest text of an address: eight groups, the last two dotted. */
const longestAddress = 45

/**
 * The bytes of an address: 4, or 16 for IPv6 that is not IPv4-mapped. `undefined` for anything that is not exactly one
 * address: zone ids, brackets, ports, spaces, octal or short IPv4 forms.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (text.length > longestAddress) return undefined
  if (!text.includes(':')) return parseV4(text)
  const bytes = parseV6(text)
  return bytes !== undefined && isMapped(bytes) ? bytes.slice(12) : bytes
}

/** The one text of an address (RFC 5952 for IPv6); `undefined` where `parseAddress` refuses. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = parseAddress(text)
  return bytes === undefined ? undefined : formatAddress(bytes)
}

/**
 * A network in CIDR form; a bare address is the network of itself. Refuses host bits that are set (`10.0.0.1/8` says two
 * things at once) and everything `parseAddress` refuses. Mapped IPv4 networks of /96 and longer fold to IPv4; shorter
 * ones are IPv6 and hold no IPv4 address, `::/0` included.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  const parsed = slash < 0 ? parseAddress(text) : parseNetworkAddress(text.slice(0, slash), text.slice(slash + 1))
  if (parsed === undefined) return undefined
  const { bytes, prefix } = parsed instanceof Uint8Array ? { bytes: parsed, prefix: parsed.length * 8 } : parsed
  if (!sameBits(bytes, masked(bytes, prefix), bytes.length * 8)) return undefined
  return { text: `${formatAddress(bytes)}/${prefix}`, bytes, prefix }
}

/**
 * What is wrong with a text that should be a network, in a sentence that says what to write instead; `undefined` for one
 * that `parseCidr` takes. For host bits it names both things that may have been meant.
 */
export function networkFault(text: string): string | undefined {
  if (parseCidr(text) !== undefined) return undefined
  const slash = text.indexOf('/')
  const given = slash < 0 ? undefined : parseNetworkAddress(text.slice(0, slash), text.slice(slash + 1))
  if (given === undefined) {
    return `Not a network: ${text.slice(0, 80)}. Write 10.0.0.0/8, 2001:db8::/32 or one address.`
  }
  const { bytes, prefix } = given
  const network = `${formatAddress(masked(bytes, prefix))}/${prefix}`
  return `${text} is an address inside a network. Write ${network} for the network, or ${formatAddress(bytes)} for this one address.`
}

/** Whether an address lies in any of the networks; false for a text that is no address. */
export function inCidrs(address: string, cidrs: readonly Cidr[]): boolean {
  if (cidrs.length === 0) return false
  const bytes = parseAddress(address)
  if (bytes === undefined) return false
  return cidrs.some((cidr) => cidr.bytes.length === bytes.length && sameBits(cidr.bytes, bytes, cidr.prefix))
}

/**
 * The network an address is counted with when attempts are throttled: the address itself for IPv4, its /64 for IPv6,
 * because one subscriber has at least a /64 to rotate through.
 *
 * @throws TypeError for a text that is no address
 */
export function addressNetwork(address: string): string {
  const bytes = parseAddress(address)
  if (bytes === undefined) throw new TypeError('addressNetwork needs an IP address')
  const prefix = bytes.length === 4 ? 32 : 64
  return `${formatAddress(masked(bytes, prefix))}/${prefix}`
}

function parseNetworkAddress(
  address: string,
  prefixText: string,
): { readonly bytes: Uint8Array; readonly prefix: number } | undefined {
  if (address.length > longestAddress || !/^(0|[1-9]\d{0,2})$/.test(prefixText)) return undefined
  const bytes = address.includes(':') ? parseV6(address) : parseV4(address)
  const prefix = Number(prefixText)
  if (bytes === undefined || prefix > bytes.length * 8) return undefined
  return bytes.length === 16 && prefix >= 96 && isMapped(bytes)
    ? { bytes: bytes.slice(12), prefix: prefix - 96 }
    : { bytes, prefix }
}

/** By hand, since every connection and every use of a limited credential asks; one spelling only: no leading zeros. */
function parseV4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4)
  let place = 0
  let value = 0
  let digits = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x2e) {
      if (digits === 0 || place === 3) return undefined
      bytes[place] = value
      place += 1
      value = 0
      digits = 0
      continue
    }
    if (code < 0x30 || code > 0x39 || (digits > 0 && value === 0)) return undefined
    value = value * 10 + code - 0x30
    digits += 1
    if (value > 255) return undefined
  }
  if (place !== 3 || digits === 0) return undefined
  bytes[place] = value
  return bytes
}

/** RFC 4291 §2.2, all three forms. */
function parseV6(text: string): Uint8Array | undefined {
  const halves = text.split('::', 3)
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = parseGroups(halves[1] ?? '', true)
  if (head === undefined || tail === undefined) return undefined
  const given = head.length + tail.length
  if (halves.length === 1 ? given !== 16 : given > 14) return undefined
  const bytes = new Uint8Array(16)
  bytes.set(head)
  bytes.set(tail, 16 - tail.length)
  return bytes
}

/** Colon-separated groups as bytes; only the end of an address may be dotted. */
function parseGroups(text: string, dottedEnd: boolean): readonly number[] | undefined {
  if (text === '') return []
  const groups = text.split(':', 9)
  const bytes: number[] = []
  for (const [index, group] of groups.entries()) {
    const dotted = dottedEnd && index === groups.length - 1 && group.includes('.') ? parseV4(group) : undefined
    if (dotted !== undefined) {
      bytes.push(...dotted)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes.length > 16 ? undefined : bytes
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0)
}

function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0))
  const { start, length } = longestZeroRun(groups)
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

/** The run that `::` stands for: the longest, of equal ones the first (RFC 5952 §4.2). */
function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > best.length) best = { start: index - length + 1, length }
  }
  return best
}

function masked(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - index * 8))
    return byte & (0xff << (8 - kept)) & 0xff
  })
}

function sameBits(one: Uint8Array, other: Uint8Array, prefix: number): boolean {
  const whole = prefix >> 3
  for (let index = 0; index < whole; index++) if (one[index] !== other[index]) return false
  const rest = prefix & 7
  return rest === 0 || ((one[whole] ?? 0) ^ (other[whole] ?? 0)) >> (8 - rest) === 0
}
