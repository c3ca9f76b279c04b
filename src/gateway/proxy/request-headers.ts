import type { IncomingHttpHeaders } from 'node:http'
import { canonicalName } from '../request/header-names.ts'
import type { RequestRules } from '../request/request-rules.ts'
import { connectionOptions, hopByHop } from './hop-by-hop.ts'
import type { Presented } from './presented.ts'

/**
 * What of a client's request reaches an upstream. The rule for names is a deny-list over their canonical spelling: every
 * character that is neither letter nor digit counts as `-`, because CGI-like servers turn both `-` and `_` into `_`.
 */

/** Ours to say, never the client's. */
const identity = ['remote-user', 'remote-name', 'remote-email', 'remote-groups']
/** Words about the connection or the address asked for, which upstreams believe because a proxy said them. */
const forwarding = [
  'forwarded',
  'x-forwarded',
  'x-original-forwarded-for',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-original-url',
  'x-original-uri',
  'x-original-host',
  'x-original-method',
  'x-rewrite-url',
  'x-host',
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
  // CGI-like servers make HTTP_PROXY of it, which libraries obey (CVE-2016-5385)
  'proxy',
]
/**
 * How proxies speak of client certificates: RFC 9440 and the habits of Envoy, nginx, Apache, HAProxy, Traefik, AWS and
 * Cloudflare. An upstream that trusts a proxy in front of it would believe them.
 */
const certificates = [
  'client-cert',
  'client-cert-chain',
  'x-forwarded-client-cert',
  'x-arr-clientcert',
  'cf-client-cert',
]
/** Rebuilt below, one by one. */
const handled = ['host', 'cookie', 'authorization', 'via']
/** The gate answers it itself. */
const answered = ['expect']
const dropped: ReadonlySet<string> = new Set([
  ...hopByHop,
  ...identity,
  ...forwarding,
  ...certificates,
  ...handled,
  ...answered,
])
const droppedPrefixes = [
  'x-forwarded-',
  'x-gatehouse-',
  'remote-',
  'client-cert-',
  'x-client-cert',
  'x-client-verify',
  'x-client-dn',
  'x-ssl-',
  'ssl-',
  'x-tls-client',
  'tls-client-',
  'x-amzn-mtls-',
  'cf-client-cert-',
  'x-peer-cert',
  'x-certificate-',
]

const verdicts = new Map<string, boolean>()
const maxVerdicts = 2_000

/** Whether a header of a client may pass under this name (lower case). */
export function mayPass(name: string): boolean {
  const known = verdicts.get(name)
  if (known !== undefined) return known
  const canonical = canonicalName(name)
  const verdict =
    !name.startsWith(':') && !dropped.has(canonical) && !droppedPrefixes.some((prefix) => canonical.startsWith(prefix))
  // names are the client's to choose: the memory of them is bounded
  if (verdicts.size < maxVerdicts && name.length <= 64) verdicts.set(name, verdict)
  return verdict
}

const ownCookiePrefix = '__host-gatehouse'

/** Whether a cookie or Set-Cookie line is about one of our cookies (browsers read the prefix without regard to case). */
export function isOwnCookie(pair: string): boolean {
  // a cookie without a name is sent as its bare value: `=__Host-a=b` comes back as `__Host-a=b`
  const name = pair.replace(/^[\s=]+/, '')
  return name.slice(0, ownCookiePrefix.length).toLowerCase() === ownCookiePrefix
}

export interface CookieView {
  /** What upstreams may see; `undefined` when nothing is left. */
  readonly rest: string | undefined
  /** Our cookie's value; `undefined` when absent or there more than once. */
  readonly own: string | undefined
}

/** Takes our cookies out of a Cookie header and reads the one called `name`. */
export function splitCookies(header: string | undefined, name: string): CookieView {
  if (header === undefined) return { rest: undefined, own: undefined }
  // nothing but our cookie: what most requests to an app without cookies of its own bring
  if (header.startsWith(`${name}=`) && !header.includes(';')) {
    return { rest: undefined, own: header.slice(name.length + 1).trimEnd() }
  }
  if (!header.toLowerCase().includes(ownCookiePrefix)) return { rest: header, own: undefined }
  const kept: string[] = []
  let own: string | undefined
  let count = 0
  for (const part of header.split(';')) {
    const pair = part.trim()
    if (!isOwnCookie(pair)) {
      if (pair !== '') kept.push(pair)
    } else if (pair.startsWith(`${name}=`)) {
      own = pair.slice(name.length + 1)
      count += 1
    }
  }
  return { rest: kept.length === 0 ? undefined : kept.join('; '), own: count === 1 ? own : undefined }
}

const tokenScheme = /^bearer +(gat_[\w-]*)$/i

/** Our API token, if that is what Authorization holds. Anything else belongs to the upstream. */
export function ownToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined
  return tokenScheme.exec(authorization.trim())?.[1]
}

/** Whether Authorization mentions one of our tokens in any way: then it goes nowhere. */
export function mentionsOwnToken(authorization: string): boolean {
  return /(?:^|[\s,=:"])gat_/i.test(authorization)
}

/** Why the framing of a message cannot be trusted (RFC 9112 §6.3), or `undefined`. */
export function framingFault(headers: IncomingHttpHeaders, raw: readonly string[]): string | undefined {
  let hosts = 0
  let lengths = 0
  let encodings = 0
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (name.length === 4) hosts += name.toLowerCase() === 'host' ? 1 : 0
    else if (name.length === 14) lengths += name.toLowerCase() === 'content-length' ? 1 : 0
    else if (name.length === 17) encodings += name.toLowerCase() === 'transfer-encoding' ? 1 : 0
  }
  if (hosts > 1) return 'more than one Host'
  if (lengths + encodings > 1) return 'more than one of Content-Length and Transfer-Encoding'
  if (lengths === 1 && !/^\d{1,15}$/.test(headers['content-length'] ?? '')) return 'a malformed Content-Length'
  if (encodings === 1 && headers['transfer-encoding']?.toLowerCase() !== 'chunked') {
    return 'a transfer coding other than chunked'
  }
  return undefined
}

const overrides: ReadonlySet<string> = new Set(['x-http-method', 'x-method-override', 'x-http-method-override'])
const overrideLengths: ReadonlySet<number> = new Set([...overrides].map((name) => name.length))

/** Whether many frameworks take what stands under this name for the request's method. */
export function namesMethod(name: string): boolean {
  return overrideLengths.has(name.length) && overrides.has(canonicalName(name))
}

// each letter may be encoded; most queries end here
const spellsMethod = /(?:m|%[46]d)(?:e|%[46]5)(?:t|%[57]4)(?:h|%[46]8)(?:o|%[46]f)(?:d|%[46]4)/i
// PHP makes _ of other characters, drops spaces in front and ends a name at a NUL
const methodField = /^[^a-z0-9]+method$/i

/** Methods that headers, or `_method` in the query, name in place of the request's own, which many frameworks obey; in capitals. */
export function otherMethods(raw: readonly string[], target: string): readonly string[] {
  let found: string[] | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (!namesMethod(name)) continue
    const method = (raw[i + 1] ?? '').trim().toUpperCase()
    if (method !== '') found = [...(found ?? []), method]
  }
  const query = target.indexOf('?')
  return query < 0 || !spellsMethod.test(target)
    ? (found ?? none)
    : [...(found ?? none), ...methodsOf(target.slice(query))]
}

/** Some servers take `;` for `&`. */
function methodsOf(query: string): readonly string[] {
  const fields = [...new URLSearchParams(query.replaceAll(';', '&'))]
  const named = fields.filter(([name]) => methodField.test(name.split('\0', 1).join('')))
  const methods = named.map(([, value]) => value.trim().toUpperCase())
  return [...new Set(methods)].filter((method) => method !== '')
}

const none: readonly string[] = []

export interface ForwardOptions {
  readonly presented: Pick<Presented, 'cookies' | 'authorization'>
  readonly address: string | undefined
  /** Host, X-Forwarded-Host, -Proto and -Port, and what the route sets: the same for every request. */
  readonly fixed: readonly string[]
  /** What of the client's own reaches the app. */
  readonly told: Pick<RequestRules, 'mayPass' | 'passesCookies' | 'passesAuthorization'>
  /** What we add to Via (RFC 9110 §7.6.3). */
  readonly via: string
  /** Who came: headers by the route's templates and the assertion, or nothing. */
  readonly identity: readonly string[]
}

/**
 * The header list for the upstream, names and values in turn. Ours come from `options` alone, so nothing the client
 * sends can add to them, change them or take them away.
 */
export function upstreamHeaders(headers: IncomingHttpHeaders, options: ForwardOptions): string[] {
  const list = [...options.fixed, ...options.identity]
  const named = connectionOptions(headers.connection)
  const { told } = options
  for (const name in headers) {
    if (!told.mayPass(name)) continue
    // framing stays whatever Connection says: without it the body would be read differently behind us
    if (named?.has(name) === true && name !== 'content-length') continue
    const value = headers[name]
    if (typeof value === 'string') list.push(name, value)
    else if (value !== undefined) for (const one of value) list.push(name, one)
  }
  const { cookies, authorization } = options.presented
  if (cookies !== undefined && told.passesCookies) list.push('cookie', cookies)
  if (authorization !== undefined && told.passesAuthorization) list.push('authorization', authorization)
  if (options.address !== undefined) list.push('x-forwarded-for', options.address)
  list.push('via', headers.via === undefined ? options.via : `${headers.via}, ${options.via}`)
  const te = headers['te']
  if (typeof te === 'string' && /\btrailers\b/i.test(te)) list.push('te', 'trailers')
  return list
}
