const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whether a request that a browser authenticates by itself (cookie) comes from our own pages. Same-site is not enough:
 * app hosts share our site. Browsers have sent `Sec-Fetch-Site` since 2023 and `Origin` on unsafe methods far longer; a
 * request with neither proves nothing and is refused.
 */
export function isOwnOrigin(method: string, headers: Headers, origin: string): boolean {
  const site = headers.get('sec-fetch-site')
  const claimed = headers.get('origin')
  if (claimed !== null && claimed !== origin) return false
  if (safeMethods.has(method)) return true
  if (site !== null) return site === 'same-origin'
  return claimed === origin
}
