import type { IncomingHttpHeaders } from 'node:http'
import { guardedCookie } from '../defence/cookies.ts'
import { varyingByOrigin } from '../defence/cors.ts'
import type { ResponseRules, Treatment } from '../defence/response-rules.ts'
import { connectionOptions } from './hop-by-hop.ts'

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
/** Whatever Connection says: an upstream must not lose its own framing or cookies by a slip of the pen. */
const neverDropped: ReadonlySet<string> = new Set(['content-length', 'content-type', 'set-cookie'])
/** Lists that HTTP/2 wants in one line. */
const oneLine: ReadonlySet<string> = new Set(['content-encoding', 'content-language'])

type Value = string | readonly string[] | undefined

/**
 * The header list for the client, names and values in turn: the app's without what concerns one hop, our cookies or
 * other sites, and with what the route's rules add where the app sets none.
 *
 * @param also names and values in turn that this one answer gets besides
 */
export function clientHeaders(
  status: number,
  headers: IncomingHttpHeaders,
  rules: ResponseRules,
  also?: readonly string[],
): string[] {
  const list: string[] = []
  const { treatments } = rules
  const named = connectionOptions(headers.connection)
  for (const name in headers) {
    if (named?.has(name) === true && !neverDropped.has(name)) continue
    const value = headers[name]
    const treatment = treatments.get(name)
    if (treatment !== undefined) pushTreated(list, treatment, name, value, status, rules)
    else if (typeof value === 'string') list.push(name, value)
    else if (value !== undefined) pushRepeated(list, name, value)
  }
  addSafeHeaders(list, headers, rules)
  if (rules.always.length > 0) list.push(...rules.always)
  if (also !== undefined) list.push(...also)
  return list
}

function pushTreated(
  list: string[],
  treatment: Treatment,
  name: string,
  value: Value,
  status: number,
  rules: ResponseRules,
): void {
  switch (treatment) {
    case 'drop':
      break
    case 'length':
      if (status !== 204 && typeof value === 'string') list.push(name, value)
      break
    case 'cookies':
      pushCookies(list, value, rules)
      break
    case 'site-data':
      pushOwnSiteData(list, name, value)
      break
    case 'vary':
      if (value !== undefined) list.push(name, varyingByOrigin(String(value)))
      break
  }
}

function pushRepeated(list: string[], name: string, values: readonly string[]): void {
  if (singular.has(name)) list.push(name, values[0] ?? '')
  else if (oneLine.has(name)) list.push(name, values.join(', '))
  else for (const one of values) list.push(name, one)
}

function pushOwnSiteData(list: string[], name: string, value: Value): void {
  if (value === undefined) return
  const types = String(value)
    .toLowerCase()
    .split(',', 20)
    .map((type) => type.trim())
  const kept = ownSiteData.filter((type) => types.includes(type) || types.includes('"*"'))
  if (kept.length > 0) list.push(name, kept.join(', '))
}

function pushCookies(list: string[], value: Value, { cookies }: ResponseRules): void {
  if (value === undefined) return
  for (const line of typeof value === 'string' ? [value] : value) {
    const guarded = guardedCookie(line, cookies)
    if (guarded !== undefined) list.push('set-cookie', guarded)
  }
}

function addSafeHeaders(list: string[], headers: IncomingHttpHeaders, rules: ResponseRules): void {
  pushAbsent(list, headers, rules.added)
  if (rules.cors?.varies === true && headers.vary === undefined) list.push('vary', 'Origin')
  const types: Value = headers['content-type']
  const type = typeof types === 'object' ? types[0] : types
  if (type === undefined || !rules.documents.test(type)) return
  pushAbsent(list, headers, rules.addedToDocuments)
  addFraming(list, headers, rules)
}

function pushAbsent(list: string[], headers: IncomingHttpHeaders, fields: readonly string[]): void {
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? ''
    if (headers[name] === undefined) list.push(name, fields[at + 1] ?? '')
  }
}

/** Content policy and X-Frame-Options: each says who may frame a page, and where both do the policy wins. */
function addFraming(list: string[], headers: IncomingHttpHeaders, rules: ResponseRules): void {
  const own: Value = headers['content-security-policy']
  const framed = headers['x-frame-options'] !== undefined
  const policy = framed ? rules.contentPolicyBesideFrames : rules.contentPolicy
  if (own === undefined && policy !== '') list.push('content-security-policy', policy)
  if (rules.frameOptions === '' || framed) return
  if (own === undefined || !/frame-ancestors/i.test(String(own))) list.push('x-frame-options', rules.frameOptions)
}
