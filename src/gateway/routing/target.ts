/**
 * The canonical request target. A target is judged once, here, and what passes is forwarded byte for byte, so that the
 * path the gate matched is the path the upstream reads.
 */

/** Why a target is refused; the words appear in the refusal. */
export type TargetFault =
  | 'not a path'
  | 'too long'
  | 'a fragment'
  | 'a control character'
  | 'a character outside ASCII'
  | 'a backslash'
  | 'an empty segment'
  | 'a dot segment'
  | 'a malformed percent-encoding'
  | 'an encoded slash, backslash or control character'
  | 'an encoding of a character that needs none'
  | 'a double encoding'
  | 'an overlong encoding'

export interface Target {
  /** Path as sent, without the query. */
  readonly path: string
  /** `undefined` when the target can be read in one way only. */
  readonly fault: TargetFault | undefined
}

const maxTarget = 16_384
const dot = 0x2e
// Nothing in a plain path needs a closer look: the common case is one pass of one expression.
const plainPath = /^(?:\/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,=:@-]*)*\/?$/
// written as what may stand there: printable ASCII without the space, and what lies beyond ASCII
const control = /[^\u0021-\u007e\u0080-\uffff]/
const malformedPercent = /%(?![0-9a-fA-F]{2})/
// %00–%1F, %7F, slash and backslash: an upstream that decodes before it routes would see another path.
const hiddenSeparator = /%(?:[01][0-9a-f]|7f|2f|5c)/i
// Letters, digits, - . _ ~ (RFC 3986 §6.2.2.2): `/%61dmin` is `/admin` to every upstream, so it must not be two paths here.
const needlessEncoding = /%(?:2d|2e|3[0-9]|4[1-9a-f]|5[0-9a]|5f|6[1-9a-f]|7[0-9a]|7e)/i
// Longer UTF-8 forms of ASCII (RFC 3629 §10): decoders that forgive them read `%c0%ae` as a dot.
const overlong = /%(?:c[01]%[89ab]|e0%[89]|f0%8)/i
// `%252f`: the same and `%`, `;`, `#`, `?`, for a server that decodes twice. A space is left, which careless clients send so.
const doubleEncoding = /%25(?:[01][0-9a-f]|2[35def]|3[0-9bf]|4[1-9a-f]|5[0-9acf]|6[1-9a-f]|7[0-9aef])/i
// To servers that drop path parameters `/;x/admin` is `//admin`, which many of them then read as `/admin`.
const onlyParameters = /\/(?:;|%3b)[^/]*\//i
// `..;x` is `..` to servers that know path parameters, `..%23x` to those that end a path at an encoded # or ?.
const dotSegment = /\/\.{1,2}(?:\/|;|%3b|%23|%3f|$)/i
// oauth2-proxy CVE-2026-41059: what was matched is not what an app reads that takes these for `#` and `?`
const earlyEnd = /%(?:23|3f)/i

/**
 * Splits a request target (RFC 9112 §3.2.1, origin form) and says whether it is ambiguous. Absolute, authority and
 * asterisk forms are faults: they name another place than the one that was matched.
 */
export function parseTarget(raw: string): Target {
  const query = raw.indexOf('?')
  const path = query < 0 ? raw : raw.slice(0, query)
  if (raw.length > maxTarget) return { path, fault: 'too long' }
  if (query >= 0 && raw.includes('#', query)) return { path, fault: 'a fragment' }
  if (query >= 0 && control.test(raw)) return { path, fault: 'a control character' }
  if (plainPath.test(path) && path !== '') return { path, fault: undefined }
  return { path, fault: pathFault(path) }
}

function pathFault(path: string): TargetFault | undefined {
  if (!path.startsWith('/')) return 'not a path'
  if (path.includes('#')) return 'a fragment'
  if (control.test(path)) return 'a control character'
  if (path.includes('\\')) return 'a backslash'
  if (/[\u0080-\uffff]/.test(path)) return 'a character outside ASCII'
  if (path.includes('//') || onlyParameters.test(path)) return 'an empty segment'
  if (dotSegment.test(path)) return 'a dot segment'
  if (malformedPercent.test(path)) return 'a malformed percent-encoding'
  if (hiddenSeparator.test(path)) return 'an encoded slash, backslash or control character'
  if (needlessEncoding.test(path)) return 'an encoding of a character that needs none'
  if (doubleEncoding.test(path)) return 'a double encoding'
  if (overlong.test(path)) return 'an overlong encoding'
  return undefined
}

/**
 * The path as lenient upstreams would read it: in lower case, without path parameters and a slash at the end; and so far
 * as an encoded `#` or `?`, for those that take one for the end. The gate serves only what leads to the same route in
 * each of these readings and as it is written.
 */
export function lenientPaths(path: string): readonly string[] {
  const end = path.search(earlyEnd)
  return end < 0 ? [lenientPath(path)] : [lenientPath(path), lenientPath(path.slice(0, end))]
}

function lenientPath(path: string): string {
  const key = lookupKey(path)
  return key.length > 1 && key.endsWith('/') ? key.slice(0, -1) : key
}

/** Lower case and without path parameters. */
export function lookupKey(path: string): string {
  const lower = path.toLowerCase()
  return lower.includes(';') || lower.includes('%3b') ? lower.replaceAll(/(?:;|%3b)[^/]*/g, '') : lower
}

/** Whether a path is Gatehouse's own, in any spelling: an upstream that is lenient must not be taken for us, nor we for it. */
export function isOwnPath(path: string): boolean {
  return path.charCodeAt(1) === dot && /^\/\.gatehouse(?:\/|;|%3b|%23|%3f|$)/i.test(path)
}

/** A return address on the same host: one canonical path with its query, nothing a browser could read as another origin. */
export function isLocalPath(text: string): boolean {
  return /^\/[\u0021-\u007e]*$/.test(text) && parseTarget(text).fault === undefined && !text.startsWith('/.gatehouse')
}
