import { parseCidr } from '#kit'

/** A value of MaxMind's format, as far as countries need it. */
export type RecordValue = string | number | { readonly [name: string]: RecordValue }

type Tree = [Tree | Leaf | undefined, Tree | Leaf | undefined]
interface Leaf {
  readonly offset: number
}

/**
 * A MaxMind DB file (format 2.0, records of 24 bits) with the given networks, none inside another. Networks of the other
 * family are not allowed in a file of version 4; in one of version 6 IPv4 stands under `::/96`.
 */
export function databaseFile(
  ipVersion: 4 | 6,
  networks: readonly (readonly [network: string, record: RecordValue])[],
): Uint8Array {
  const data: number[] = []
  const root: Tree = [undefined, undefined]
  for (const [text, record] of networks) {
    const leaf = { offset: data.length }
    data.push(...encoded(record))
    put(root, bitsOf(text, ipVersion), leaf)
  }
  const nodes: Tree[] = []
  const number = (tree: Tree): void => {
    nodes.push(tree)
    for (const side of tree) if (Array.isArray(side)) number(side)
  }
  number(root)
  const recordOf = (side: Tree | Leaf | undefined): number => {
    if (side === undefined) return nodes.length
    return Array.isArray(side) ? nodes.indexOf(side) : nodes.length + 16 + side.offset
  }
  const tree = nodes.flatMap((node) => node.flatMap((side) => bytesOf(recordOf(side), 3)))
  const metadata = encoded({
    node_count: nodes.length,
    record_size: 24,
    ip_version: ipVersion,
    database_type: 'Test',
    languages: 0,
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
  })
  const marker = [0xab, 0xcd, 0xef, ...Buffer.from('MaxMind.com')]
  return Uint8Array.from([...tree, ...Array.from({ length: 16 }, () => 0), ...data, ...marker, ...metadata])
}

function bitsOf(text: string, ipVersion: 4 | 6): readonly number[] {
  const cidr = parseCidr(text)
  if (cidr === undefined) throw new TypeError(`${text} is not a network`)
  if (ipVersion === 4 && cidr.bytes.length === 16) throw new TypeError(`${text} is no network of IPv4`)
  const lead = ipVersion === 6 && cidr.bytes.length === 4 ? 96 : 0
  const bits = [...cidr.bytes].flatMap((byte) => Array.from({ length: 8 }, (_, index) => (byte >> (7 - index)) & 1))
  return [...Array.from({ length: lead }, () => 0), ...bits.slice(0, cidr.prefix)]
}

function put(root: Tree, bits: readonly number[], leaf: Leaf): void {
  let at = root
  for (const bit of bits.slice(0, -1)) {
    const next = at[bit]
    if (Array.isArray(next)) at = next
    else {
      const made: Tree = [undefined, undefined]
      at[bit] = made
      at = made
    }
  }
  at[bits.at(-1) ?? 0] = leaf
}

/** Strings, unsigned 32-bit numbers and maps with fewer than 29 entries: types 2, 6 and 7 of the format. */
function encoded(value: RecordValue): readonly number[] {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return [(2 << 5) | bytes.length, ...bytes]
  }
  if (typeof value === 'number') return [(6 << 5) | 4, ...bytesOf(value, 4)]
  const entries = Object.entries(value)
  return [(7 << 5) | entries.length, ...entries.flatMap(([name, inner]) => [...encoded(name), ...encoded(inner)])]
}

function bytesOf(value: number, length: number): readonly number[] {
  return Array.from({ length }, (_, index) => (value >>> (8 * (length - 1 - index))) & 0xff)
}
