import type { AccessFace } from '#access'
import type { Ctx, Kernel } from '#platform'
import type { ProbeView } from '../contract.ts'
import type { RouteDeps } from '../published-routes.ts'
import type { LiveRoutes } from '../routing/live-routes.ts'
import type { GatewayRoute } from '../routing/table.ts'
import type { Traffic } from '../seen/traffic.ts'

/** What the API and the console's pages work with. */
export interface AdminDeps extends RouteDeps {
  readonly kernel: Kernel
  readonly access: AccessFace
  readonly live: LiveRoutes
  readonly traffic: Traffic
  readonly probe: (route: GatewayRoute) => Promise<ProbeView>
  /** Makes and publishes a key; answers its id. */
  readonly rotateKey: (ctx: Ctx) => Promise<string>
}
