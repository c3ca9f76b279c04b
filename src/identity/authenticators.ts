import type { Actor } from '#kit'
import type { Authenticator, Ctx, ProofPurpose, SetCookie } from '#platform'
import { fail } from './errors.ts'
import type { IdentityFace } from './face.ts'
import { sessionCookieName } from './session-cookie.ts'

/** Upper bound of what is looked at; ours are 53 and 60 characters. */
const longestHeader = 8_192

/**
 * The session cookie on both doors, bearer tokens on `api`. What is there but wrong is refused, never taken for nothing:
 * a caller who believes to be somebody must not act as nobody.
 */
export function authenticatorsOf(
  face: Pick<IdentityFace, 'findSession' | 'findToken'>,
  rotate: (ctx: Ctx, token: string) => Promise<SetCookie | undefined>,
): readonly Authenticator[] {
  const byCookie = async (
    headers: Headers,
    address: string | undefined,
    purpose: ProofPurpose | undefined,
  ): Promise<Actor | undefined> => {
    const tokens = sessionCookies(headers.get('cookie'))
    if (tokens.length === 0) return undefined
    // two: one was planted, and which cannot be told
    const actor = tokens.length === 1 ? await face.findSession(tokens[0] ?? '', undefined, address, purpose) : undefined
    if (actor === undefined) throw fail('identity.session-ended')
    return actor
  }
  return [
    {
      door: 'browser',
      authenticate: (headers, address, _, purpose) => byCookie(headers, address, purpose),
      async renew(headers, ctx) {
        const [token, ...others] = sessionCookies(headers.get('cookie'))
        return token === undefined || others.length > 0 ? undefined : rotate(ctx, token)
      },
    },
    {
      door: 'api',
      async authenticate(headers, address, _, purpose) {
        const header = headers.get('authorization')
        // with the header the door asks for no origin, so the cookie must not count beside it
        if (header === null) return byCookie(headers, address, purpose)
        const token = /^Bearer +([^\s,]+)$/i.exec(header.slice(0, longestHeader))?.[1]
        const actor =
          token === undefined
            ? undefined
            : await face.findToken(token, address, purpose, headers.get('user-agent') ?? undefined)
        if (actor === undefined) {
          throw fail('identity.token-refused', { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } })
        }
        return actor
      },
    },
  ]
}

function sessionCookies(header: string | null): readonly string[] {
  if (header === null) return []
  return header.split(';').flatMap((part) => {
    const text = part.trim()
    return text.startsWith(`${sessionCookieName}=`) ? [text.slice(sessionCookieName.length + 1)] : []
  })
}
