import type { IncomingHttpHeaders } from 'node:http'
import type { Proof } from '#identity'
import { mentionsOwnToken, ownToken, splitCookies } from './request-headers.ts'

/** What of a request's headers is about us, and what of the same headers is the upstream's. */
export interface Presented {
  /** What has not even the form of a session is nobody's, as one that has ended is. */
  readonly session: Proof | undefined
  /** `'malformed'`: an API token of ours that cannot be one, which is refused and never nobody's. */
  readonly token: Proof | 'malformed' | undefined
  /** Cookies without ours. */
  readonly cookies: string | undefined
  /** Authorization, when it does not mention a token of ours and is no contributed authenticator's. */
  readonly authorization: string | undefined
}

interface Latest {
  readonly cookie: string | undefined
  readonly authorization: string | undefined
  readonly presented: Presented
}

/**
 * Reads cookies and Authorization. A client says the same again and again on one connection, so what was read last is
 * remembered as long as the connection lives: hashed, never the token itself beyond the header it came in.
 *
 * @param isOwn whether an Authorization belongs to an authenticator that another room contributed
 */
export function presentedReader(
  cookieName: string,
  proofOf: (token: string) => Proof | undefined,
  isOwn: (authorization: string) => boolean = () => false,
): (connection: object, headers: IncomingHttpHeaders) => Presented {
  const latest = new WeakMap<object, Latest>()
  return (connection, { cookie, authorization }) => {
    if (cookie === undefined && authorization === undefined) return nothing
    const known = latest.get(connection)
    if (known !== undefined && known.cookie === cookie && known.authorization === authorization) return known.presented
    const presented = read(cookie, authorization)
    latest.set(connection, { cookie, authorization, presented })
    return presented
  }

  function read(cookie: string | undefined, authorization: string | undefined): Presented {
    const { own, rest } = splitCookies(cookie, cookieName)
    const found = own === undefined ? undefined : proofOf(own)
    const session = found?.kind === 'session' ? found : undefined
    if (authorization !== undefined && mentionsOwnToken(authorization)) {
      const token = proofOf(ownToken(authorization) ?? '')
      return {
        session,
        token: token?.kind === 'token' ? token : 'malformed',
        cookies: rest,
        authorization: undefined,
      }
    }
    const kept = authorization === undefined || isOwn(authorization) ? undefined : authorization
    return { session, token: undefined, cookies: rest, authorization: kept }
  }
}

const nothing: Presented = { session: undefined, token: undefined, cookies: undefined, authorization: undefined }
