import type { RequestView, SetCookie } from '#platform'

export const linkCookieName = '__Host-gatehouse-link'
const hour = 3_600

/**
 * A link's token, taken out of the address at once so that it stays in no history and no referrer. Opening a link uses
 * nothing up: mail programs open links before people do.
 */
export function linkCookie(token: string): SetCookie {
  return { name: linkCookieName, value: token, maxAge: hour, sameSite: 'Lax' }
}

export const noLinkCookie: SetCookie = { name: linkCookieName, value: undefined, sameSite: 'Lax' }

export function linkToken({ cookies }: Pick<RequestView, 'cookies'>): string | undefined {
  return cookies.get(linkCookieName)
}
