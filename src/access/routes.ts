import { type AnyRoute, type Keyring, lateRoutes, type Route, type RouteHead } from '#platform'
import { authzenRoutes } from './authzen/routes.ts'
import * as at from './doors.ts'
import type { OpenAccess } from './open.ts'

/** What the routes work with. */
export interface RouteParts {
  readonly access: OpenAccess
  readonly keyring: Keyring
  /** The console's address, known once it listens. */
  readonly origin: () => string
}

/** Everything this room answers over HTTP. */
export function accessRoutes(parts: RouteParts): readonly AnyRoute[] {
  const late = (
    doors: Readonly<Record<string, RouteHead>>,
    load: () => Promise<(parts: RouteParts) => readonly Route[]>,
  ) => lateRoutes(doors, async () => (await load())(parts))
  return [
    ...late(at.roleDoors, async () => (await import('./role-routes.ts')).roleRoutes),
    ...late(at.groupDoors, async () => (await import('./group-routes.ts')).groupRoutes),
    ...late(at.networkDoors, async () => (await import('./network-routes.ts')).networkRoutes),
    ...late(at.grantDoors, async () => (await import('./grant-routes.ts')).grantRoutes),
    ...late(at.decisionDoors, async () => (await import('./decision-routes.ts')).decisionRoutes),
    ...authzenRoutes(parts),
    ...late(at.policyDoors, async () => (await import('./operator/routes.ts')).policyRoutes),
    ...late(at.whyDoors, async () => (await import('./why/routes.ts')).whyRoutes),
    ...late(at.requestDoors, async () => (await import('./requests/routes.ts')).requestRoutes),
    ...late(at.requestPageDoors, async () => (await import('./requests/pages.ts')).requestPages),
    ...late(at.rolePageDoors, async () => (await import('./role-pages.ts')).rolePages),
    ...late(at.policyPageDoors, async () => (await import('./operator/pages.ts')).policyPages),
    ...late(at.grantPageDoors, async () => (await import('./grant-pages.ts')).grantPages),
    ...late(at.groupPageDoors, async () => (await import('./group-pages.ts')).groupPages),
    ...late(at.networkPageDoors, async () => (await import('./network-pages.ts')).networkPages),
  ]
}
