import { canonicalAddress, parseAddress } from '#kit'

/** A name a server certificate may carry: one host name or one address, never a pattern. */
export type ServerName =
  | { readonly kind: 'dns'; readonly text: string }
  | { readonly kind: 'ip'; readonly text: string; readonly bytes: Uint8Array }

/** RFC 1035 §2.3.4 */
const longestName = 253
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * A host as it may stand in a certificate: lower-case letters, digits and inner hyphens in labels of at most 63, 253 in
 * all (RFC 1035 §2.3.1, RFC 5280 §4.2.1.6), or the canonical text of an address. `undefined` for everything else:
 * wildcards, trailing dots, upper case, underscores, NUL, Unicode (names travel as A-labels), text that looks like an
 * address without being one.
 */
export function parseServerName(host: string): ServerName | undefined {
  if (host.length > longestName) return undefined
  const bytes = parseAddress(host)
  // whoever asks by another spelling of the address would get a second certificate for the same server
  if (bytes !== undefined) return canonicalAddress(host) === host ? { kind: 'ip', text: host, bytes } : undefined
  const labels = host.split('.')
  // a numeric last label is how resolvers tell a (bad) address from a name (WHATWG URL, "ends in a number")
  return labels.every((part) => label.test(part)) && !/^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')
    ? { kind: 'dns', text: host }
    : undefined
}
