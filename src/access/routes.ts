import type { Keyring, Route } from '#platform'
import { authzenRoutes } from './authzen/routes.ts'
import { decisionRoutes } from './decision-routes.ts'
import { grantPages } from './grant-pages.ts'
import { grantRoutes } from './grant-routes.ts'
import { groupPages } from './group-pages.ts'
import { groupRoutes } from './group-routes.ts'
import { networkPages } from './network-pages.ts'
import { networkRoutes } from './network-routes.ts'
import type { OpenAccess } from './open.ts'
import { policyPages } from './operator/pages.ts'
import { policyRoutes } from './operator/routes.ts'
import { requestPages } from './requests/pages.ts'
import { requestRoutes } from './requests/routes.ts'
import { rolePages } from './role-pages.ts'
import { roleRoutes } from './role-routes.ts'
import { whyRoutes } from './why/routes.ts'

/** What the routes work with. */
export interface RouteParts {
  readonly access: OpenAccess
  readonly keyring: Keyring
  /** The console's address, known once it listens. */
  readonly origin: () => string
}

/** Everything this room answers over HTTP. */
export function accessRoutes(parts: RouteParts): readonly Route[] {
  return [
    roleRoutes,
    groupRoutes,
    networkRoutes,
    grantRoutes,
    decisionRoutes,
    authzenRoutes,
    policyRoutes,
    whyRoutes,
    requestRoutes,
    requestPages,
    rolePages,
    policyPages,
    grantPages,
    groupPages,
    networkPages,
  ].flatMap((routes) => routes(parts))
}
