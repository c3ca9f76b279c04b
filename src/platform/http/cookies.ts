import type { SetCookie } from './route.ts'

const maxCookieHeader = 8192
/** RFC 6265 §4.1.1 cookie-name (token) and cookie-octet, without the optional quotes. */
const pair = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*)$/

/**
 * Cookies by name. A name that comes twice is left out: which of the two a browser meant cannot be told, and one may
 * have been planted by a neighbour host. Malformed pairs are skipped, since other programs' cookies are not ours to judge.
 */
export function parseCookies(header: string | null | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  if (!header || header.length > maxCookieHeader) return cookies
  const twice = new Set<string>()
  for (const part of header.split(';')) {
    const match = pair.exec(part.trim())
    if (match?.[1] === undefined || match[2] === undefined) continue
    if (cookies.has(match[1])) twice.add(match[1])
    cookies.set(match[1], match[2])
  }
  for (const name of twice) cookies.delete(name)
  return cookies
}

/** `__Host-` semantics (RFC 6265bis §4.1.3.2) for every cookie we set: Secure, Path=/, no Domain, HttpOnly. */
export function serializeCookie(cookie: SetCookie): string {
  const value = cookie.value ?? ''
  if (!cookie.name.startsWith('__Host-') || !pair.test(`${cookie.name}=${value}`)) {
    throw new TypeError(`cookie ${cookie.name} is not well-formed`)
  }
  const maxAge = cookie.value === undefined ? 0 : cookie.maxAge
  const life = maxAge === undefined ? '' : `; Max-Age=${maxAge}`
  return `${cookie.name}=${value}; Path=/; Secure; HttpOnly; SameSite=${cookie.sameSite}${life}`
}
