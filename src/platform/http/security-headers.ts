import { contentSecurityPolicy } from '../ui-kit/content-security-policy.ts'

const everywhere: readonly (readonly [string, string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  // not no-referrer: with it browsers send `Origin: null` on forms, and the origin check needs the origin
  ['Referrer-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cache-Control', 'no-store'],
]

const pages: readonly (readonly [string, string])[] = [
  ['Content-Security-Policy', contentSecurityPolicy],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['X-Frame-Options', 'DENY'],
  ['Permissions-Policy', 'camera=(), microphone=(), geolocation=(), payment=(), usb=()'],
]

/**
 * Sets what every answer of the console host carries; what the reply set itself stays. HSTS only on the standard port:
 * browsers keep a host's port when they upgrade, so with HTTP on another port it would lead nowhere.
 */
export function setSecurityHeaders(
  headers: Headers,
  options: { readonly page: boolean; readonly httpsPort: number },
): void {
  for (const [name, value] of everywhere) if (!headers.has(name)) headers.set(name, value)
  if (options.page) for (const [name, value] of pages) if (!headers.has(name)) headers.set(name, value)
  if (options.httpsPort === 443) headers.set('Strict-Transport-Security', 'max-age=63072000')
}
