/** The gateway: routes, the proxy in front of apps, sign-in per app host, and what apps are told about people. */
import { accessRoom } from '#access'
import { identityRoom } from '#identity'
import { pkiRoom } from '#pki'
import { defineRoom } from '#platform'
import { gatewayConfig } from './config.ts'
import { permissionTypes } from './contract.ts'
import { gatewayErrors } from './errors.ts'
import { events } from './events.ts'
import { migrations } from './migrations/index.ts'
import { openGateway } from './open.ts'

export type { GatewayFace } from './open.ts'
export type { AccessRule, GatewayRoute } from './routing/table.ts'

export const gatewayRoom = defineRoom({
  name: 'gateway',
  config: gatewayConfig,
  migrations,
  errors: gatewayErrors,
  permissions: permissionTypes,
  events,
  needs: { access: accessRoom, identity: identityRoom, pki: pkiRoom },
  open: (kernel, needs, config) => openGateway(kernel, needs, config),
})
