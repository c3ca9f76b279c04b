import type { SetCookie } from '#platform'
import type { Parts } from './parts.ts'

/** The console's session cookie. */
export const sessionCookieName = '__Host-gatehouse'

/** Kept as long as the session can last, so that closing the browser does not sign out; the server ends it earlier. */
export function sessionCookie({ config }: Parts, token: string): SetCookie {
  return { name: sessionCookieName, value: token, maxAge: Math.floor(config.session.lifetime / 1_000), sameSite: 'Lax' }
}

export const noSessionCookie: SetCookie = { name: sessionCookieName, value: undefined, sameSite: 'Lax' }

/** For a reply: the session's new token, where a session asked. */
export function renewedCookie(parts: Parts, token: string | undefined): { readonly cookies?: readonly SetCookie[] } {
  return token === undefined ? {} : { cookies: [sessionCookie(parts, token)] }
}
