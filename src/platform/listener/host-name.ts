import { canonicalAddress } from '#kit'
import type { ServedRequest } from './listener.ts'

const longestHost = 253
const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/

/**
 * The one form of a host: lower case, without port. `undefined` for a trailing dot, user info, spaces, non-ASCII, empty
 * or over-long labels, a port that is none: two spellings of one host must never be two hosts (attack 13).
 */
export function canonicalHost(authority: string): string | undefined {
  // ASCII before lower case: the Kelvin sign's lower case is a plain k
  const match = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(authority)
  const host = match?.[1]?.toLowerCase()
  if (host === undefined || host.length > longestHost || Number(match?.[2] ?? 0) > 65_535) return undefined
  if (host.startsWith('[')) {
    const address = canonicalAddress(host.slice(1, -1))
    return address === undefined ? undefined : `[${address}]`
  }
  return host.split('.').every((part) => label.test(part)) ? host : undefined
}

/** Spellings seen lately. Clients send the same few, so a request costs one look-up and no pattern. */
const seen = new Map<string, string>()
const mostSeen = 512

/** `canonicalHost`, for what comes with every connection and request. */
export function cachedHost(authority: string): string | undefined {
  const known = seen.get(authority)
  if (known !== undefined) return known
  const host = canonicalHost(authority)
  if (host === undefined) return undefined
  if (seen.size >= mostSeen) seen.clear()
  seen.set(authority, host)
  return host
}

/**
 * The host a request is for, from Host or `:authority`. `undefined` when there is none, more than one, one that is not
 * canonical, or when Host and `:authority` (RFC 9113 §8.3.1) or an absolute-form target (RFC 9112 §3.2.2) disagree.
 * An absolute-form target is rewritten to origin form.
 */
export function hostOf(request: ServedRequest, scheme: 'https' | 'http'): string | undefined {
  const named = oneHostHeader(request.rawHeaders, request.httpVersionMajor)
  const host = named === undefined ? undefined : cachedHost(named)
  if (host === undefined) return undefined
  const target = request.url ?? ''
  if (target.startsWith('/')) return host
  return request.httpVersionMajor === 1 && adoptAbsolute(request, target, `${scheme}://`, host) ? host : undefined
}

/** The value of the one Host or `:authority`; equal ones of both kinds are one. */
function oneHostHeader(raw: readonly string[], major: number): string | undefined {
  let host: string | undefined
  let authority: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') {
      if (host !== undefined) return undefined
      host = raw[index + 1]
    } else if (name.length === 10 && major === 2 && name === ':authority') {
      if (authority !== undefined) return undefined
      authority = raw[index + 1]
    }
  }
  if (host !== undefined && authority !== undefined && host !== authority) return undefined
  return authority ?? host
}

function adoptAbsolute(request: ServedRequest, target: string, origin: string, host: string): boolean {
  if (target.slice(0, origin.length).toLowerCase() !== origin) return false
  const rest = target.slice(origin.length)
  const end = rest.search(/[/?#]/)
  const authority = end < 0 ? rest : rest.slice(0, end)
  if (canonicalHost(authority) !== host) return false
  const path = end < 0 ? '' : rest.slice(end)
  request.url = path.startsWith('/') ? path : `/${path}`
  return true
}
