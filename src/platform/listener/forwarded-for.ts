import { type Cidr, canonicalAddress, inCidrs } from '#kit'

/** Longest header looked at, and the most proxies a request may have come through. */
const longestHeader = 2_048
const mostEntries = 20

/**
 * Where a request behind trusted proxies comes from, by `X-Forwarded-For` (several headers are one list, as HTTP has it):
 * read from the right, where the proxies wrote, to the first address that is no trusted proxy. What stands left of it was
 * sent by the client and is not looked at. Where every entry is a trusted proxy, the leftmost began the request.
 *
 * `undefined` where what has to be read is missing or is no address: the request then comes from nowhere that limits could
 * be judged by, and must be refused. Taking the proxy's own address instead would let whoever makes the proxy drop or
 * garble the header pass as it.
 *
 * @param header the value as Node joins several of them, with commas
 */
export function clientBehind(header: string | undefined, trusted: readonly Cidr[]): string | undefined {
  if (header === undefined || header.length > longestHeader) return undefined
  const entries = header.split(',').toReversed()
  let client: string | undefined
  for (const entry of entries.slice(0, mostEntries)) {
    client = addressIn(entry)
    if (client === undefined || !inCidrs(client, trusted)) return client
  }
  return entries.length > mostEntries ? undefined : client
}

/**
 * The canonical address of one entry: an address, IPv6 also in brackets, each also with a port, as proxies write them. Nothing
 * else: no names, `unknown`, zones (they say which interface of the proxy it was) or empty entries.
 */
function addressIn(entry: string): string | undefined {
  const text = entry.replaceAll(/^[ \t]+|[ \t]+$/g, '')
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::\d{1,5})?$/.exec(text)?.[1]
  if (bracketed !== undefined) return bracketed.includes(':') ? canonicalAddress(bracketed) : undefined
  const withPort = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(text)?.[1]
  return canonicalAddress(withPort ?? text)
}
