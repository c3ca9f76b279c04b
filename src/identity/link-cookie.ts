import type { RequestView, SetCookie } from '#platform'
import { isSessionToken } from './token-format.ts'

export const linkCookieName = '__Host-gatehouse-link'
const hour = 3_600

/** Stands for whatever no link of ours ends in: it is nobody's token, so the page says that the link does not work. */
const notOfALink = 'none'

/**
 * A link's token, taken out of the address at once so that it stays in no history and no referrer. Opening a link uses
 * nothing up: mail programs open links before people do. Strangers write that address, so what has not the form of a
 * token is not carried on: a cookie cannot hold every text.
 */
export function linkCookie(token: string): SetCookie {
  const value = isSessionToken(token) ? token : notOfALink
  return { name: linkCookieName, value, maxAge: hour, sameSite: 'Lax' }
}

export const noLinkCookie: SetCookie = { name: linkCookieName, value: undefined, sameSite: 'Lax' }

export function linkToken({ cookies }: Pick<RequestView, 'cookies'>): string | undefined {
  return cookies.get(linkCookieName)
}
