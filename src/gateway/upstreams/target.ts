/**
 * Where a route may lead, by scheme. Pure: the contract checks the text with it, and what opens the upstream reads it
 * the same way.
 *
 * - `http`: an origin, `http://127.0.0.1:3000` or `https://app.internal:8443`.
 * - `unix`: HTTP over a unix socket, `unix:/run/apps/wiki.sock`.
 * - `folder`: static files, `folder:/srv/site`.
 * - `none`: nobody; the gate decides and another proxy carries the bytes.
 * - `contributed`: another room knows the scheme and says where it leads.
 */
export type UpstreamTarget =
  | { readonly kind: 'http'; readonly origin: string; readonly tls: boolean }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'contributed'; readonly scheme: string; readonly rest: string }

/** Schemes that no other room can contribute. */
export const ownSchemes: ReadonlySet<string> = new Set(['http', 'https', 'unix', 'folder', 'none'])

export const maxUpstreamText = 512
/** `sun_path` of Linux without its final zero byte, of macOS a few less: what is longer can never be connected to. */
const maxSocketPath = 103

/** What an upstream's text means; `undefined` when it is none. */
export function parseUpstream(text: string): UpstreamTarget | undefined {
  if (text.length > maxUpstreamText) return undefined
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  const scheme = text.slice(0, colon)
  const rest = text.slice(colon + 1)
  switch (scheme) {
    case 'http':
    case 'https':
      return originTarget(text)
    case 'unix':
      return isPlainPath(rest) && utf8Length(rest) <= maxSocketPath ? { kind: 'unix', path: rest } : undefined
    case 'folder':
      return isPlainPath(rest) ? { kind: 'folder', path: rest } : undefined
    case 'none':
      return rest === '' ? { kind: 'none' } : undefined
    default:
      return contributedTarget(scheme, rest)
  }
}

/** The one form in which an upstream is stored and compared. @throws TypeError for a text that is none */
export function upstreamText(text: string): string {
  const target = parseUpstream(text)
  if (target === undefined) throw new TypeError('an upstream that was never checked')
  return target.kind === 'http' ? target.origin : text
}

function originTarget(text: string): UpstreamTarget | undefined {
  if (/[\s\\?#@]/.test(text)) return undefined
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.pathname !== '/' || url.hostname === '') {
    return undefined
  }
  return { kind: 'http', origin: url.origin, tls: url.protocol === 'https:' }
}

/** Absolute and in one spelling: no empty, `.` or `..` segments, no slash at the end, nothing that cannot be seen. */
function isPlainPath(path: string): boolean {
  if (!path.startsWith('/') || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(path)) return false
  return path
    .slice(1)
    .split('/')
    .every((segment) => segment !== '' && segment !== '.' && segment !== '..')
}

function contributedTarget(scheme: string, rest: string): UpstreamTarget | undefined {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(scheme) || !/^[A-Za-z0-9][\x21-\x7e]*$/.test(rest)) return undefined
  return { kind: 'contributed', scheme, rest }
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length
}
