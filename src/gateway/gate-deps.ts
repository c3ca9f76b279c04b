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

/** A refusal's decision where not the chain but the route itself refused. */
export function refusedBy<Code extends string>(code: Code, reason: string) {
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
