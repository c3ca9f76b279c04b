import type { IncomingHttpHeaders } from 'node:http'
import type { Proof } from '#identity'
import { mentionsOwnToken, ownToken, splitCookies } from './request-headers.ts'

/** What of a request's headers is about us, and what of the same headers is the upstream's. */
export interface Presented {
  /** `undefined`: nobody's; `'malformed'`: an API token of ours that cannot be one, which is refused and never nobody's. */
  readonly proof: Proof | 'malformed' | undefined
  /** Cookies without ours. */
  readonly cookies: string | undefined
  /** Authorization, when it does not mention a token of ours. */
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
 */
export function presentedReader(
  cookieName: string,
  proofOf: (token: string) => Proof | undefined,
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
    if (authorization !== undefined && mentionsOwnToken(authorization)) {
      const token = proofOf(ownToken(authorization) ?? '')
      return { proof: token?.kind === 'token' ? token : 'malformed', cookies: rest, authorization: undefined }
    }
    const session = own === undefined ? undefined : proofOf(own)
    // what has not even the form of a session is nobody's, as one that has ended is
    return { proof: session?.kind === 'session' ? session : undefined, cookies: rest, authorization }
  }
}

const nothing: Presented = { proof: undefined, cookies: undefined, authorization: undefined }
