import type { IncomingHttpHeaders } from 'node:http'

/** Which pages of other origins may read a route's answers, as the operator wrote it. */
export interface CorsSettings {
  /** `https://shop.example.org`, or `*` alone: everybody, without credentials. */
  readonly origins: readonly string[]
  readonly methods: readonly string[]
  /** Request headers beyond those every page may send. */
  readonly headers: readonly string[]
  /** Answer headers a page may read beyond those it always may. */
  readonly exposeHeaders: readonly string[]
  readonly credentials: boolean
  readonly maxAgeSeconds: number
}

/**
 * A route's allow-list with everything it will ever answer (Fetch standard, "CORS protocol"). Lists of names and values in
 * turn. An origin is compared as bytes with those on the list, so that `null`, another case or another port is none of them.
 */
export interface Cors {
  /** To a preflight from this origin; `undefined`: it is not on the list. */
  preflight(origin: string): readonly string[] | undefined
  /** Beside the app's answer to a request with this `Origin`. */
  answer(origin: string | undefined): readonly string[]
  /** The answer depends on who asked, which caches must know. */
  readonly varies: boolean
  /** Whose pages may send a person's cookies along. */
  readonly credentialed: ReadonlySet<string>
}

const nothing: readonly string[] = []

export function corsOf(settings: CorsSettings): Cors {
  const { origins, credentials } = settings
  if (origins.includes('*')) {
    const answer = answerHeaders('*', settings)
    const preflight = preflightHeaders('*', settings)
    return { preflight: () => preflight, answer: () => answer, varies: false, credentialed: new Set() }
  }
  const answers = new Map(origins.map((origin) => [origin, answerHeaders(origin, settings)]))
  const preflights = new Map(origins.map((origin) => [origin, preflightHeaders(origin, settings)]))
  return {
    preflight: (origin) => preflights.get(origin),
    answer: (origin) => (origin === undefined ? undefined : answers.get(origin)) ?? nothing,
    varies: true,
    credentialed: new Set(credentials ? origins : []),
  }
}

function answerHeaders(origin: string, { credentials, exposeHeaders }: CorsSettings): readonly string[] {
  return [
    'access-control-allow-origin',
    origin,
    ...(credentials ? ['access-control-allow-credentials', 'true'] : []),
    ...(exposeHeaders.length > 0 ? ['access-control-expose-headers', exposeHeaders.join(', ')] : []),
  ]
}

function preflightHeaders(origin: string, settings: CorsSettings): readonly string[] {
  const { credentials, methods, headers, maxAgeSeconds } = settings
  return [
    'access-control-allow-origin',
    origin,
    ...(credentials ? ['access-control-allow-credentials', 'true'] : []),
    'access-control-allow-methods',
    methods.join(', '),
    ...(headers.length > 0 ? ['access-control-allow-headers', headers.join(', ')] : []),
    'access-control-max-age',
    String(maxAgeSeconds),
    ...preflightVary,
  ]
}

/** What an answer to a preflight depends on. */
const preflightVary: readonly string[] = [
  'vary',
  'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
]

/** A browser's question on behalf of a page of another origin (Fetch standard, "CORS-preflight request"). */
export interface Preflight {
  readonly origin: string
  /** Of the request to come. */
  readonly method: string
}

/** The question, if that is what an `OPTIONS` is; browsers send no body and no credentials with it. */
export function preflightOf(headers: IncomingHttpHeaders): Preflight | undefined {
  const { origin } = headers
  const wanted = headers['access-control-request-method']
  return origin === undefined || wanted === undefined ? undefined : { origin, method: wanted }
}

/** So that a page that may read a route's answers can read why it got none. */
export function refusalHeaders(cors: Cors, origin: string | undefined): readonly string[] {
  return cors.varies ? [...cors.answer(origin), 'vary', 'Origin'] : cors.answer(origin)
}

/** `Vary` with `Origin` in it. */
export function varyingByOrigin(vary: string): string {
  const names = vary.split(',', 100).map((name) => name.trim().toLowerCase())
  return names.includes('origin') || names.includes('*') ? vary : `${vary}, Origin`
}
