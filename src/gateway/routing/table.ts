import type { Resource } from '#kit'
import type { RouteSettings } from '../settings/route-settings.ts'
import { lookupKey } from './target.ts'

/** Who may use a route. */
export type AccessRule =
  | { readonly kind: 'public'; readonly reason: string }
  | { readonly kind: 'signed-in' }
  | { readonly kind: 'permission'; readonly permission: string }

export interface Timeouts {
  readonly connectMs: number
  /** Until the upstream's response headers are complete. */
  readonly headersMs: number
  /** Between two pieces of the upstream's body. */
  readonly bodyMs: number
  /** Of a WebSocket, without a byte either way. */
  readonly socketIdleMs: number
}

/** A route as stored. */
export interface GatewayRoute extends RouteSettings {
  readonly id: string
  /** Immutable slug, never reused. */
  readonly name: string
  readonly host: string
  /** `/` or `/a/b`, without a slash at the end; a segment may be `*`. */
  readonly path: string
  /** Origins: `http://127.0.0.1:3000`. Never empty. */
  readonly upstreams: readonly string[]
  readonly access: AccessRule
  /** CIDRs and `@named` networks; empty allows every address. */
  readonly networks: readonly string[]
  readonly timeouts: Timeouts
  /** The TLS handshake of its host asks for a client certificate, and on this route one identifies its holder. */
  readonly clientCertificates: boolean
  /** Gatehouse proves itself to the app with a client certificate of its own. */
  readonly presentCertificate: boolean
  readonly createdAt: number
  readonly updatedAt: number
  readonly revision: number
}

/** The permission a request on this route needs. */
export function permissionOf(route: GatewayRoute): string {
  return route.access.kind === 'permission' ? route.access.permission : `routes:use:${route.name}`
}

/** The route as policies see it. Its id is the one in the permission asked, which several routes may share. */
export function resourceOf(route: GatewayRoute, permission = `routes:use:${route.name}`): Resource {
  return {
    type: 'Gateway::Route',
    id: permission.slice(permission.indexOf(':', permission.indexOf(':') + 1) + 1),
    attributes: { host: route.host, path: route.path, rule: route.access.kind },
    revision: route.revision,
  }
}

/**
 * - `none`: no route covers the path.
 * - `ambiguous`: a lenient upstream would read the path as another route's than it is written (`/Admin`, `/a;x/admin`).
 */
export type Match<R> = { readonly kind: 'route'; readonly route: R } | 'none' | 'ambiguous'

interface HostRoutes<R> {
  readonly byPrefix: ReadonlyMap<string, { readonly route: R; readonly prefix: string; readonly match: Match<R> }>
  /** Slashes in the longest prefix: deeper paths are cut there first. */
  readonly depth: number
}

/** Routes by host and path prefix. A lookup costs one map read per segment of the longest prefix, whatever the count. */
export class RouteTable<R> {
  readonly #hosts = new Map<string, HostRoutes<R>>()

  constructor(routes: readonly R[], place: (route: R) => { readonly host: string; readonly path: string }) {
    const hosts = new Map<string, Map<string, { route: R; prefix: string; match: Match<R> }>>()
    for (const route of routes) {
      const { host, path } = place(route)
      const byPrefix = hosts.get(host) ?? new Map<string, { route: R; prefix: string; match: Match<R> }>()
      hosts.set(host, byPrefix)
      byPrefix.set(prefixKey(path), { route, prefix: path, match: { kind: 'route', route } })
    }
    for (const [host, byPrefix] of hosts) {
      const depth = Math.max(...[...byPrefix.keys()].map((key) => (key === '' ? 0 : key.split('/').length - 1)))
      this.#hosts.set(host, { byPrefix, depth })
    }
  }

  hasHost(host: string): boolean {
    return this.#hosts.has(host)
  }

  /** Longest prefix wins; a prefix ends at a segment's end. `host` is lower case without port; `path` passed `parseTarget`. */
  match(host: string, path: string): Match<R> {
    const routes = this.#hosts.get(host)
    if (routes === undefined) return 'none'
    if (routes.depth === 0) return routes.byPrefix.get('')?.match ?? 'none'
    let key = cut(lookupKey(path), routes.depth)
    for (;;) {
      const found = routes.byPrefix.get(key)
      if (found !== undefined) return isUnder(path, found.prefix) ? found.match : 'ambiguous'
      if (key === '') return 'none'
      key = key.slice(0, key.lastIndexOf('/'))
    }
  }
}

/** Two prefixes with one key would be one place to a lenient upstream. */
export function prefixKey(path: string): string {
  return path === '/' ? '' : path.toLowerCase()
}

function cut(key: string, depth: number): string {
  let end = 0
  for (let seen = 0; seen < depth; seen += 1) {
    end = key.indexOf('/', end + 1)
    if (end < 0) return key === '/' ? '' : key.endsWith('/') ? key.slice(0, -1) : key
  }
  return key.slice(0, end)
}

function isUnder(path: string, prefix: string): boolean {
  if (prefix === '/') return true
  if (!path.startsWith(prefix)) return false
  const next = path.charAt(prefix.length)
  return (
    next === '' || next === '/' || next === ';' || path.slice(prefix.length, prefix.length + 3).toLowerCase() === '%3b'
  )
}
