import type { Resource } from '#kit'
import type { RouteSettings } from '../settings/route-settings.ts'

/** Who may use a route. */
export type AccessRule =
  | { readonly kind: 'public'; readonly reason: string }
  | { readonly kind: 'signed-in' }
  | { readonly kind: 'permission'; readonly permission: string }
  /** One of these policies of the operator permits, or nobody enters. */
  | { readonly kind: 'policy'; readonly policies: string[] }

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
  /** `/` or `/a/b`, without a slash at the end; a segment may be `*`. With `exact`, `methods` and `priority`: its place. */
  readonly path: string
  /** Origins: `http://127.0.0.1:3000`. Never empty. */
  readonly upstreams: readonly string[]
  readonly access: AccessRule
  /** CIDRs and `@named` networks; empty allows every address. */
  readonly networks: readonly string[]
  readonly timeouts: Timeouts
  /** Gatehouse proves itself to the app with a client certificate of its own. */
  readonly presentCertificate: boolean
  readonly createdAt: number
  readonly updatedAt: number
  readonly revision: number
}

/** Whether a browser can open the route's own address: it has no `*` in it, and takes GET. */
export function isOpenable({ path, methods }: Pick<GatewayRoute, 'path' | 'methods'>): boolean {
  return !path.includes('*') && (methods.length === 0 || methods.includes('GET'))
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
    attributes: { host: route.host, path: route.path, rule: route.access.kind, ...assuranceOf(route) },
    revision: route.revision,
    ...(route.access.kind === 'policy' ? { permittedBy: { action: 'use', policies: route.access.policies } } : {}),
  }
}

/** Only what is asked for: nobody who enters a public route can have proved anything. */
function assuranceOf({ access, assurance: { factors, phishingResistant } }: GatewayRoute) {
  if (access.kind === 'public') return {}
  return { ...(factors > 1 ? { factors } : {}), ...(phishingResistant ? { phishingResistant } : {}) }
}
