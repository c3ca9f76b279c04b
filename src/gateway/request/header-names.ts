import { hopByHop } from '../proxy/hop-by-hop.ts'

/** Which headers a route may set towards its app. No Node here: contract, CLI and pages share it. */

/** RFC 9110 §5.6.2, bounded. */
const pattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/

/** About one hop or the framing (RFC 9110 §7.6.1, §6.4.1): said by whoever speaks on the connection. */
const ofTheHop: ReadonlySet<string> = new Set([...hopByHop, 'content-length', 'expect'])
/** What the gate says itself, the same for every route. */
const ofTheGate: ReadonlySet<string> = new Set([
  'cookie',
  'forwarded',
  'host',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
])

/** A header's name as the most lenient server tells it from others: CGI-like ones take every other character for one. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')
}

/** Why a route may not set a header of this name, or `undefined`. */
export function nameFault(name: string): string | undefined {
  if (!pattern.test(name)) return 'letters, digits and hyphens, at most 64'
  const canonical = canonicalName(name)
  if (ofTheHop.has(canonical) || canonical.startsWith('sec-websocket-')) return 'is about the connection'
  if (ofTheGate.has(canonical) || canonical.startsWith('x-gatehouse-')) return 'is said by Gatehouse itself'
  return undefined
}

/** The same for one that is to be kept from the app: cookies may be. */
export function removalFault(name: string): string | undefined {
  return canonicalName(name) === 'cookie' ? undefined : nameFault(name)
}

/** Why this cannot be a header's value (RFC 9110 §5.5, without what is obsolete), or `undefined`. */
export function valueFault(value: string): string | undefined {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)
    ? undefined
    : 'printable ASCII without spaces around it'
}
