import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { cachedHost, type ServedRequest } from '#platform'
import { type Preflight, preflightOf } from '../defence/cors.ts'
import type { GatewayCode } from '../errors.ts'
import type { LiveRoute, Snapshot } from '../routing/live-routes.ts'
import { isOwnPath, parseTarget } from '../routing/target.ts'
import { handshakeFault, speaksVersion } from '../sockets/handshake.ts'
import { framingFault, otherMethods } from './request-headers.ts'

/** What a request is before anybody asks who sent it. */
export type Screened =
  | { readonly kind: 'route'; readonly route: LiveRoute }
  /** The place has routes, for other methods only: `allow`. */
  | { readonly kind: 'method'; readonly allow: readonly string[]; readonly routes: readonly LiveRoute[] }
  /** A question about other origins that the route answers by its list. */
  | { readonly kind: 'preflight'; readonly route: LiveRoute; readonly preflight: Preflight }
  /** Gatehouse's own part of an app host. */
  | { readonly kind: 'own'; readonly host: string; readonly path: string }
  | { readonly kind: 'refused'; readonly code: GatewayCode; readonly fault?: string }

const mostOthers = 8

/**
 * Framing, host, target and route, in this order. A request that passes can be read in one way only.
 *
 * @param via our own mark in Via: a request that carries it came from us
 * @param upgrade the same request when it asks for a WebSocket
 * @param method where it is not the request's own
 */
export function screen(
  request: ServedRequest,
  { routes: { table } }: Snapshot,
  via: string,
  upgrade: IncomingMessage | undefined,
  method = request.method,
): Screened {
  const { headers } = request
  if (method === 'CONNECT' || method === 'TRACE') return refused('gateway.method-unsupported')
  const framing = framingFault(headers, request.rawHeaders)
  if (framing !== undefined) return refused('gateway.request-malformed', framing)
  if (upgrade !== undefined) {
    const fault = handshakeFault(upgrade)
    if (fault !== undefined) return refused('gateway.request-malformed', fault)
    if (!speaksVersion(headers)) return refused('gateway.websocket-version')
  } else if (headers.upgrade !== undefined && headers.upgrade !== 'h2c') {
    return refused('gateway.upgrade-unsupported')
  }
  const host = hostOf(request)
  if (!table.hasHost(host)) return refused('gateway.host-unknown')
  const { path, fault } = parseTarget(request.url ?? '')
  if (fault !== undefined) return refused('gateway.target-ambiguous', fault)
  if (isOwnPath(path)) {
    return upgrade === undefined ? { kind: 'own', host, path } : refused('gateway.path-unknown')
  }
  const asked = method === 'OPTIONS' ? preflightAt(table, host, path, headers) : undefined
  const match = asked ?? table.match(host, path, method ?? 'GET')
  if (match === 'none') return refused('gateway.path-unknown')
  if (match === 'ambiguous') {
    return refused('gateway.target-ambiguous', 'a spelling that some servers take for another path')
  }
  const others = asked === undefined ? otherMethods(request.rawHeaders, request.url ?? '') : []
  // nobody means so many, and each is looked up
  if (others.length > mostOthers || others.some((one) => table.match(host, path, one) !== match)) {
    return refused('gateway.request-malformed', 'a header or a query that some apps take for another method')
  }
  if (headers.via?.includes(via) === true) return refused('gateway.loop')
  return match
}

/** A browser's question belongs to the route of the request to come, if that one answers such questions itself. */
function preflightAt(table: Snapshot['routes']['table'], host: string, path: string, headers: IncomingHttpHeaders) {
  const preflight = preflightOf(headers)
  if (preflight === undefined) return undefined
  const match = table.match(host, path, preflight.method)
  if (typeof match === 'string' || match.kind !== 'route') return undefined
  const { route } = match
  return route.responseRules.cors === undefined ? undefined : ({ kind: 'preflight', route, preflight } as const)
}

function refused(code: GatewayCode, fault?: string): Screened {
  return fault === undefined ? { kind: 'refused', code } : { kind: 'refused', code, fault }
}

/** The host asked for in its one form, which the listener found equal to the name in the handshake; without one, empty: no route's. */
export function hostOf(request: ServedRequest): string {
  const authority = request.httpVersionMajor === 2 ? request.headers[':authority'] : undefined
  return cachedHost(typeof authority === 'string' ? authority : (request.headers.host ?? '')) ?? ''
}
