import type { AccessFace } from '#access'
import type { IdentityFace } from '#identity'
import type { Decision } from '#kit'
import type { PkiFace } from '#pki'
import type { Kernel } from '#platform'
import type { Authenticators } from './entry/authenticators.ts'
import type { LiveRoutes } from './routing/live-routes.ts'
import type { Traffic } from './seen/traffic.ts'

/** What the gate and its sign-in work with. */
export interface GateDeps {
  readonly kernel: Kernel
  readonly access: AccessFace
  readonly identity: IdentityFace
  readonly pki: Pick<PkiFace, 'actorOf'>
  readonly live: LiveRoutes
  readonly authenticators: Authenticators
  readonly traffic: Traffic
  /** `https://gatehouse.localhost:8443` */
  readonly consoleOrigin: () => string
}

/** Of a visit from outside the regions a route allows; asked before its networks. */
export const refusedRegion = {
  code: 'route-region',
  reason: 'The address is in none of the regions this route allows.',
} as const

/** Of a visit from outside the networks a route allows; asked before anybody is asked who they are. */
export const refusedNetwork = {
  code: 'route-network',
  reason: 'The address is in none of the networks this route allows.',
} as const

/** A refusal's decision where not the chain but the route itself refused. */
export function refusedBy(code: string, reason: string) {
  return { allowed: false, step: 'policy', code, reason, policies: [] } as const
}

/** Of whoever no authenticator of a route knew, where strangers are not asked about. */
export const refusedStranger: Decision = {
  allowed: false,
  step: 'principal',
  code: 'sign-in-required',
  reason: 'This is not open to strangers: sign in first.',
  policies: [],
}

/** Of everybody on a route that lists authenticators which are not there. */
export function refusedUnknown(missing: readonly string[]): Decision {
  return refusedBy(
    'route-authenticator',
    `The route asks for ${missing.join(', ')}, which this Gatehouse does not know.`,
  )
}
