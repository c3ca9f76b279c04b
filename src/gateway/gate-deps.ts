import type { AccessFace } from '#access'
import type { IdentityFace } from '#identity'
import type { PkiFace } from '#pki'
import type { Kernel } from '#platform'
import type { LiveRoutes } from './routing/live-routes.ts'

/** What the gate and its sign-in work with. */
export interface GateDeps {
  readonly kernel: Kernel
  readonly access: AccessFace
  readonly identity: IdentityFace
  readonly pki: Pick<PkiFace, 'actorOf'>
  readonly live: LiveRoutes
  /** `https://gatehouse.localhost:8443` */
  readonly consoleOrigin: () => string
}

/** Of a visit from outside the networks a route allows; asked before anybody is asked who they are. */
export const refusedNetwork = {
  code: 'route-network',
  reason: 'The address is in none of the networks this route allows.',
} as const

/** A refusal's decision where not the chain but the route itself refused. */
export function refusedBy(code: string, reason: string) {
  return { allowed: false, step: 'policy', code, reason, policies: [] } as const
}
