import { createRequire } from 'node:module'
import type { HttpBindings, getRequestListener as RequestListener } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import type { Listener, ServedHandler } from '../listener/listener.ts'
import { type DoorDeps, type Peer, passDoor } from './door.ts'
import { failHttp } from './http-errors.ts'
import { problemOf } from './problem.ts'
import type { Answer } from './reply.ts'
import type { AnyRoute, Door, Route, RouteSpec } from './route.ts'
import { setSecurityHeaders } from './security-headers.ts'

// as CommonJS, for the reason given in listener/node-http.ts
const load = createRequire(import.meta.url)
const { getRequestListener } = load('@hono/node-server') as { readonly getRequestListener: typeof RequestListener }
const { RESPONSE_ALREADY_SENT } = load('@hono/node-server/utils/response') as {
  readonly RESPONSE_ALREADY_SENT: Response
}

const bodiless = new Set([204, 304])

interface Env {
  readonly Bindings: HttpBindings
}

/**
 * One handler over a table of routes. Only the named doors are served: pages never on the admin socket or on bare
 * `localhost`, where a cookie would reach every program of the machine.
 */
export function serveRoutes(
  deps: DoorDeps,
  routes: readonly AnyRoute[],
  doors: readonly Door[],
  peerOf: (incoming: HttpBindings['incoming']) => Peer,
): ServedHandler {
  const app = new Hono<Env>({ strict: true })
  const served = routes.filter((route) => doors.includes(route.door))
  const pass = async (c: Context<Env>, route: AnyRoute, params: Readonly<Record<string, string>>) => {
    const { incoming, outgoing } = c.env
    const asked = { request: c.req.raw, body: incoming, peer: peerOf(incoming), drop: () => outgoing.destroy() }
    return send(await passDoor(deps, route, params, asked), outgoing)
  }
  for (const route of served) app.on(route.method, honoPath(route.path), (c) => pass(c, route, c.req.param()))
  for (const [path, there] of Map.groupBy(served, (route) => route.path)) {
    const refuse = methodNotAllowed(path, there, doors)
    app.all(honoPath(path), (c) => pass(c, refuse, {}))
  }
  app.all('*', (c) => pass(c, notFound(c.req.path, doors), {}))

  const listener = getRequestListener((request, env) => app.fetch(request, env as HttpBindings), {
    overrideGlobalObjects: false,
    errorHandler: (error) => failedBefore(deps, error),
  })
  return (request, response) => {
    listener(request, response).catch((error: unknown) => {
      deps.log.error({ err: error }, 'answer failed')
      response.destroy()
    })
  }
}

/** What came to no door. A target that is none is its sender's fault: anybody could fill the log with it. */
function failedBefore(deps: DoorDeps, error: unknown): Response {
  const requestId = deps.newRequestId()
  const isTheirs = error instanceof Error && error.name === 'RequestError'
  if (!isTheirs) deps.log.error({ requestId, err: error }, 'request failed before its door')
  const problem = problemOf(isTheirs ? failHttp('platform.bad-target') : error, requestId)
  const headers = new Headers({ 'Content-Type': 'application/problem+json', 'X-Request-Id': requestId })
  setSecurityHeaders(headers, { page: false, httpsPort: deps.httpsPort() })
  return new Response(JSON.stringify(problem), { status: problem.status, headers })
}

/**
 * An answer that is whole goes to its socket as it is: as the body of a `Response` it would become a stream first and be
 * read out of it again.
 */
function send({ status, headers, body, isHead }: Answer, outgoing: HttpBindings['outgoing']): Response {
  if (body instanceof ReadableStream) return new Response(body, { status, headers })
  const fields: Record<string, string | number | string[]> = Object.fromEntries(headers)
  const cookies = headers.getSetCookie()
  if (cookies.length > 0) fields['set-cookie'] = cookies
  if (!isHead && !bodiless.has(status)) fields['content-length'] = body === undefined ? 0 : Buffer.byteLength(body)
  outgoing.writeHead(status, fields)
  outgoing.end(body)
  return RESPONSE_ALREADY_SENT
}

/** The address of a served connection, which the admin socket has none of, and what its client proved. */
export function peerOverTls(listener: Listener): (incoming: HttpBindings['incoming']) => Peer {
  return (incoming) => ({
    address: listener.addressOf(incoming),
    local: false,
    certificate: listener.clientCertificateOf(incoming),
  })
}

function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

const why = 'answers that there is nothing to answer'

function notFound(path: string, doors: readonly Door[]): RouteSpec<unknown, unknown, unknown> {
  const door = doors.includes('browser') && !path.startsWith('/api/') ? 'browser' : 'api'
  return { ...stub(door, path), handler: () => Promise.reject(failHttp('platform.not-found')) }
}

function methodNotAllowed(path: string, there: readonly AnyRoute[], doors: readonly Door[]): Route {
  const methods = new Set<string>(there.map((route) => route.method))
  if (methods.has('GET')) methods.add('HEAD')
  const allowed = [...methods].toSorted().join(', ')
  return {
    ...notFound(path, doors),
    handler: (_, { request }) =>
      Promise.reject(
        failHttp('platform.method-not-allowed', {
          fields: { method: request.method, allowed },
          headers: { Allow: allowed },
        }),
      ),
  }
}

function stub(door: Door, path: string): Pick<Route, 'method' | 'path' | 'door' | 'access'> {
  return { method: 'GET', path, door, access: { public: why } }
}
