import type { IncomingHttpHeaders } from 'node:http'
import type { ServedRequest } from '#platform'
import { hopByHop } from './hop-by-hop.ts'
import { namesMethod } from './request-headers.ts'

/** Fields a trailer section must not carry (RFC 9110 §6.5.1): framing, routing, modifiers, authentication, cookies. */
const notInTrailers: ReadonlySet<string> = new Set([
  ...hopByHop,
  'alt-svc',
  'clear-site-data',
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'host',
  'set-cookie',
  'authorization',
  'www-authenticate',
  'location',
  'cache-control',
])
/** Of a request's besides: what says how to read it, or under which condition. */
const notInRequestTrailers =
  /^(?:accept(?:-.*)?|content-.*|if-.*|max-forwards|origin|pragma|prefer|range|referer|sec-.*)$/

/** How many names an announcement may hold: as many as a head may have fields. */
const maxAnnounced = 100

/** Trailers of an answer that may pass. */
export function clientTrailers(trailers: IncomingHttpHeaders): [string, string][] {
  const list: [string, string][] = []
  for (const name in trailers) {
    const value = trailers[name]
    if (notInTrailers.has(name) || value === undefined) continue
    list.push([name, typeof value === 'string' ? value : value.join(', ')])
  }
  return list
}

/** What a request announced that comes behind its body, and may reach the app. */
export interface RequestTrailers {
  /** Lower case; at least one. */
  readonly names: readonly string[]
  /** Those of them that came; to be asked when the body has ended. */
  readonly read: () => [string, string][]
}

/**
 * The trailers a request announces (`Trailer`, RFC 9110 §6.6.2), as far as what is said in them could be said in a header
 * too: some servers read both alike. One that comes without having been announced is dropped, as §6.5.1 allows.
 *
 * @param mayPass of the route: whether a client's header of this name reaches the app
 * @returns `undefined` when none may pass, or the body is framed so that none can come
 */
export function announcedTrailers(
  request: ServedRequest,
  mayPass: (name: string) => boolean,
): RequestTrailers | undefined {
  const { trailer, 'transfer-encoding': coding } = request.headers
  if (trailer === undefined || (request.httpVersionMajor === 1 && coding === undefined)) return undefined
  const announced = trailer
    .toLowerCase()
    .split(',', maxAnnounced)
    .map((name) => name.trim())
  const names = [...new Set(announced)].filter(
    (name) =>
      tokenPattern.test(name) &&
      !notInTrailers.has(name) &&
      !notInRequestTrailers.test(name) &&
      // in a head it is judged by the route that it would lead to; behind a body it is too late for that
      !namesMethod(name) &&
      mayPass(name),
  )
  if (names.length === 0) return undefined
  return {
    names,
    read: () => clientTrailers(request.trailers).filter(([name]) => names.includes(name)),
  }
}

const tokenPattern = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
