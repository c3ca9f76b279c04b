import type { IncomingHttpHeaders } from 'node:http'
import { isOwnCookie } from './request-headers.ts'

const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** Fields a trailer section must not carry (RFC 9110 §6.5.1): framing, routing, authentication, cookies. */
const notInTrailers: ReadonlySet<string> = new Set([
  ...hopByHop,
  'alt-svc',
  'clear-site-data',
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'host',
  'set-cookie',
  'authorization',
  'www-authenticate',
  'location',
  'cache-control',
])

/**
 * What reaches past the app: `Alt-Svc` would move the host's later requests around the gate, `Clear-Site-Data` ends
 * sessions of the whole site, the console's included.
 */
const notTheApps: ReadonlySet<string> = new Set(['alt-svc', 'clear-site-data'])
/** The parts of `Clear-Site-Data` that stay within the app's own origin, so that its sign-out still cleans up. */
const ownSiteData = ['"cache"', '"storage"'] as const

/** Said once or wrong. Of several the first counts: HTTP/2 allows one, and a browser must not see another than we. */
const singular: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'age',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'location',
  'retry-after',
  'tk',
  'x-content-type-options',
])
/** Lists that HTTP/2 wants in one line. */
const oneLine: ReadonlySet<string> = new Set(['content-encoding', 'content-language'])

const documentTypes = /^\s*(?:text\/html|application\/xhtml\+xml|image\/svg\+xml)/i

/** For an app that says nothing: what an existing app almost never breaks on. */
export const compatiblePolicy = "object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
const compatiblePolicyBesideFrameOptions = "object-src 'none'; base-uri 'self'"

/**
 * The header list for the client, names and values in turn: the upstream's without what concerns one hop, our
 * cookies or other sites, plus safe headers where the upstream set none.
 *
 * @param hsts value of Strict-Transport-Security, or `undefined` for hosts that must not have it
 */
export function clientHeaders(status: number, headers: IncomingHttpHeaders, hsts: string | undefined): string[] {
  const list: string[] = []
  const connection = headers.connection
  const named =
    connection === undefined || connection === 'keep-alive' || connection === 'close'
      ? undefined
      : optionsOf(connection)
  for (const name in headers) {
    if (hopByHop.has(name) || named?.has(name) === true) continue
    if (name === 'content-length' && status === 204) continue
    const value = headers[name]
    if (notTheApps.has(name)) pushOwnSiteData(list, name, value)
    else if (name === 'set-cookie') pushCookies(list, value)
    else if (typeof value === 'string') list.push(name, value)
    else if (value !== undefined) pushRepeated(list, name, value)
  }
  addSafeHeaders(list, headers, hsts)
  return list
}

function optionsOf(connection: string | readonly string[]): ReadonlySet<string> {
  const text = typeof connection === 'string' ? connection : connection.join(',')
  const options = new Set(
    text
      .toLowerCase()
      .split(',', 100)
      .map((option) => option.trim()),
  )
  // an upstream must not lose its own framing or cookies by a slip of the pen
  for (const kept of ['content-length', 'content-type', 'set-cookie']) options.delete(kept)
  return options
}

function pushRepeated(list: string[], name: string, values: readonly string[]): void {
  if (singular.has(name)) list.push(name, values[0] ?? '')
  else if (oneLine.has(name)) list.push(name, values.join(', '))
  else for (const one of values) list.push(name, one)
}

function pushOwnSiteData(list: string[], name: string, value: string | readonly string[] | undefined): void {
  if (name !== 'clear-site-data' || value === undefined) return
  const types = String(value)
    .toLowerCase()
    .split(',', 20)
    .map((type) => type.trim())
  const kept = ownSiteData.filter((type) => types.includes(type) || types.includes('"*"'))
  if (kept.length > 0) list.push(name, kept.join(', '))
}

function pushCookies(list: string[], value: string | readonly string[] | undefined): void {
  if (typeof value === 'string') {
    if (!isOwnCookie(value)) list.push('set-cookie', value)
  } else if (value !== undefined) {
    for (const line of value) if (!isOwnCookie(line)) list.push('set-cookie', line)
  }
}

function addSafeHeaders(list: string[], headers: IncomingHttpHeaders, hsts: string | undefined): void {
  if (headers['x-content-type-options'] === undefined) list.push('x-content-type-options', 'nosniff')
  if (headers['referrer-policy'] === undefined) list.push('referrer-policy', 'strict-origin-when-cross-origin')
  if (hsts !== undefined && headers['strict-transport-security'] === undefined) {
    list.push('strict-transport-security', hsts)
  }
  const types: string | readonly string[] | undefined = headers['content-type']
  const type = typeof types === 'object' ? types[0] : types
  if (type === undefined || headers['content-security-policy'] !== undefined || !documentTypes.test(type)) return
  // frame-ancestors overrides X-Frame-Options, so beside an app's own DENY it would loosen it
  const policy = headers['x-frame-options'] === undefined ? compatiblePolicy : compatiblePolicyBesideFrameOptions
  list.push('content-security-policy', policy)
}

/** Trailers that may pass. */
export function clientTrailers(trailers: IncomingHttpHeaders): [string, string][] {
  const list: [string, string][] = []
  for (const name in trailers) {
    const value = trailers[name]
    if (notInTrailers.has(name) || value === undefined) continue
    list.push([name, typeof value === 'string' ? value : value.join(', ')])
  }
  return list
}
