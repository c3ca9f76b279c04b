/**
 * The one grammar of permission: `type:action[:id]`.
 *
 * A *permission* is concrete and is what is asked: `accounts:read:acc_1`, or without id `accounts:read`, which asks for
 * the whole collection ("all accounts"). A *pattern* is what is held: `*` (everything), `scans:*` (every action),
 * `scans:*:s1` (every action on one), `accounts:read`, `secrets:read:apps/blog/**`.
 *
 * - A pattern without id covers the question without id and every id.
 * - A pattern with id covers only questions with an id: `accounts:read:*` never covers `accounts:read`.
 * - An id is everything after the second colon: `/`-separated segments, percent-encoded (`encodeSegment`). The encoding
 *   is canonical, so two texts name one id only if they are equal; `:` and `*` inside a segment are `%3A` and `%2A`.
 * - In a pattern's id `*` stands for exactly one segment and a final `**` for one or more: `apps/**` does not cover
 *   `apps`. No wildcard stands for a part of a segment, and none reaches across `:`.
 * - Ids are compared, never resolved: `.` and `..` are segments like any other.
 */

/** At most this many characters in a permission or pattern. */
export const maxPermissionLength = 512
/** At most this many segments in an id. */
export const maxIdSegments = 32

/** A parsed permission: no wildcard anywhere. */
export interface Permission {
  readonly type: string
  readonly action: string
  /** Encoded segments, one or more; `undefined` asks for the whole collection. */
  readonly id: readonly string[] | undefined
}

/** A parsed pattern. `type` is `*` only for the pattern `*`, which covers everything. */
export interface PermissionPattern {
  readonly type: string
  /** `*` for every action. */
  readonly action: string
  /** Encoded segments, `*` and a final `**`; `undefined` covers every id and none. */
  readonly id: readonly string[] | undefined
}

const word = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
/** What stands for itself. */
const unreserved = /^[A-Za-z0-9._~-]+$/
const segment = /^(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+$/
const everything: PermissionPattern = { type: '*', action: '*', id: undefined }

/** The parsed permission, or `undefined` for anything that is not exactly one, wildcards included. */
export function parsePermission(text: string): Permission | undefined {
  const parts = split(text)
  if (parts === undefined || !word.test(parts.type) || !word.test(parts.action)) return undefined
  if (parts.id?.every(isCanonicalSegment) === false) return undefined
  return parts
}

/** The parsed pattern, or `undefined` for anything malformed. A permission is a pattern too. */
export function parsePattern(text: string): PermissionPattern | undefined {
  if (text === '*') return everything
  const parts = split(text)
  if (parts === undefined || !word.test(parts.type)) return undefined
  if (parts.action !== '*' && !word.test(parts.action)) return undefined
  const last = (parts.id?.length ?? 0) - 1
  const isSegment = (part: string, index: number) =>
    part === '*' || (part === '**' && index === last) || isCanonicalSegment(part)
  return parts.id?.every(isSegment) === false ? undefined : parts
}

/** The canonical text of a parsed permission or pattern. */
export function permissionText(parsed: PermissionPattern): string {
  if (parsed.type === '*') return '*'
  const head = `${parsed.type}:${parsed.action}`
  return parsed.id === undefined ? head : `${head}:${parsed.id.join('/')}`
}

/**
 * One id segment in its only encoding: letters, digits and `-._~` as they are, every other UTF-8 byte as `%XX`.
 *
 * @throws TypeError for an empty text, @throws URIError for a lone surrogate
 */
export function encodeSegment(text: string): string {
  if (unreserved.test(text)) return text
  if (text === '') throw new TypeError('an id segment cannot be empty')
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Whether the pattern covers the permission. */
export function covers(pattern: PermissionPattern, permission: Permission): boolean {
  return contains(pattern, permission)
}

/**
 * Whether every permission the inner pattern covers is covered by the outer one. Exact: types, actions and segments are
 * open sets, so only a wildcard contains a wildcard.
 */
export function isSubset(inner: PermissionPattern, outer: PermissionPattern): boolean {
  return contains(outer, inner)
}

/** Whether any of the patterns covers the permission. Malformed ones cover nothing; a malformed permission is never covered. */
export function anyCovers(patterns: readonly string[], permission: string): boolean {
  const asked = parsePermission(permission)
  return asked !== undefined && patterns.some((text) => coversText(text, asked))
}

/**
 * Whether everything the inner patterns cover together is covered by the outer ones together, exactly. A malformed
 * inner pattern makes it false; malformed outer ones contain nothing.
 */
export function allWithin(inner: readonly string[], outer: readonly string[]): boolean {
  const outers = outer.flatMap((text) => parsePattern(text) ?? [])
  return inner.every((text) => {
    const parsed = parsePattern(text)
    return parsed !== undefined && isWithin(parsed, outers)
  })
}

/** Whether everything one pattern covers is covered by the outer ones together, exactly. */
export function isWithin(inner: PermissionPattern, outers: readonly PermissionPattern[]): boolean {
  if (outers.some((outer) => contains(outer, inner))) return true
  const stem = inner.id?.at(-1) === '**' ? inner.id.slice(0, -1) : undefined
  // `a/**` is `a/*` and `a/*/**` together: no single outer pattern contains it, but two may. Once the stem is as long
  // as the longest outer id, splitting further tells nothing new.
  if (stem === undefined || !outers.some((outer) => (outer.id?.length ?? 0) > stem.length)) return false
  return isWithin({ ...inner, id: [...stem, '*'] }, outers) && isWithin({ ...inner, id: [...stem, '*', '**'] }, outers)
}

function coversText(text: string, asked: Permission): boolean {
  const pattern = parsePattern(text)
  return pattern !== undefined && contains(pattern, asked)
}

function contains(outer: PermissionPattern, inner: PermissionPattern): boolean {
  if (outer.type === '*') return true
  if (outer.type !== inner.type) return false
  if (outer.action !== '*' && outer.action !== inner.action) return false
  if (outer.id === undefined) return true
  return inner.id !== undefined && containsId(outer.id, inner.id)
}

function containsId(outer: readonly string[], inner: readonly string[]): boolean {
  const open = outer.at(-1) === '**'
  if (open ? inner.length < outer.length : inner.length !== outer.length || inner.at(-1) === '**') return false
  const fixed = open ? outer.length - 1 : outer.length
  return outer.every((part, index) => index >= fixed || part === '*' || part === inner[index])
}

function split(text: string): PermissionPattern | undefined {
  if (text.length > maxPermissionLength) return undefined
  const [type, action, id, ...rest] = text.split(':', 4)
  if (type === undefined || action === undefined || rest.length > 0) return undefined
  if (id === undefined) return { type, action, id }
  const segments = id.split('/', maxIdSegments + 1)
  return segments.length > maxIdSegments ? undefined : { type, action, id: segments }
}

function isCanonicalSegment(text: string): boolean {
  if (!segment.test(text)) return false
  if (!text.includes('%')) return true
  try {
    return encodeSegment(decodeURIComponent(text)) === text
  } catch {
    return false
  }
}
