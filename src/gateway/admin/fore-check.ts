import type { AccessFace } from '#access'
import type { ForeAnswer, ForeCheck, Kernel } from '#platform'
import type { Authenticators } from '../entry/authenticators.ts'
import { type Barrier, type BarrierCode, closedBy, outsideOf } from '../entry/barriers.ts'
import { openSecretHeaders } from '../request/secret-headers.ts'
import { sealedHeadersOf } from '../request/secret-store.ts'
import { findRoute } from '../route-store.ts'
import type { GatewayRoute } from '../routing/table.ts'

interface CheckDeps {
  readonly access: Pick<AccessFace, 'inNetworks'>
  readonly kernel: Pick<Kernel, 'regions' | 'keyring'>
  readonly authenticators: Pick<Authenticators, 'unknownOf'>
}

/** What the gate asks before the chain, in its order: whether its authenticators and secrets are there, regions, networks. */
export function placeCheck(deps: CheckDeps): ForeCheck {
  return {
    permissionType: 'routes',
    action: 'use',
    async answer({ db }, name, address) {
      const route = await findRoute(db, name)
      if (route === undefined) return undefined
      const { damaged } = openSecretHeaders(deps.kernel.keyring, await sealedHeadersOf(db, route.id))
      const closed = closedBy(deps.authenticators.unknownOf(route.authenticators), damaged)
      if (closed !== undefined) return barred(closed, standing(route, damaged))
      const saw = sawOf(route)
      if (route.mode === 'shadow') return shadowed(saw)
      const outside = await outsideOf(deps, db, route, address)
      if (outside !== undefined) return barred(outside, saw)
      return route.networks.length + route.regions.length === 0 ? undefined : inside(route, saw)
    },
  }
}

const ways: Readonly<Record<BarrierCode, string>> = {
  'route-authenticator': 'The route naming authenticators that are there.',
  'route-secret-header': 'The secret header being set again, or cleared.',
  'route-region': 'Coming from a region that the route allows.',
  'route-network': 'Coming from a network that the route allows.',
}

function barred({ code, reason }: Barrier, saw: ForeAnswer['saw']): ForeAnswer {
  return { allowed: false, code, reason, saw, way: ways[code] }
}

function standing({ authenticators }: GatewayRoute, damaged: readonly string[]): ForeAnswer['saw'] {
  return [
    { name: 'Authenticators', values: authenticators },
    { name: 'Damaged headers', values: damaged },
  ].filter(({ values }) => values.length > 0)
}

function sawOf({ networks, regions, mode }: GatewayRoute): ForeAnswer['saw'] {
  return [
    { name: 'Only in', values: regions },
    { name: 'Only from', values: networks },
    { name: 'Mode', values: mode === 'shadow' ? [mode] : [] },
  ].filter(({ values }) => values.length > 0)
}

function shadowed(saw: ForeAnswer['saw']): ForeAnswer {
  return {
    allowed: true,
    code: 'route-shadow',
    reason: 'The route is in shadow mode: what its rule refuses is noted and let through.',
    saw,
    way: 'The route being enforced.',
  }
}

function inside({ networks, regions }: GatewayRoute, saw: ForeAnswer['saw']): ForeAnswer {
  const places = [...(regions.length > 0 ? ['regions'] : []), ...(networks.length > 0 ? ['networks'] : [])].join(
    ' and ',
  )
  return {
    allowed: true,
    code: 'route-network',
    reason: `The address lies in the ${places} this route allows.`,
    saw,
    way: `Coming from outside the ${places} of the route.`,
  }
}
