import type { AccessFace } from '#access'
import type { ForeAnswer, ForeCheck, Kernel } from '#platform'
import type { Authenticators } from '../entry/authenticators.ts'
import { refusedNetwork, refusedRegion, refusedUnknown } from '../gate-deps.ts'
import { findRoute } from '../route-store.ts'
import type { GatewayRoute } from '../routing/table.ts'

interface CheckDeps {
  readonly access: Pick<AccessFace, 'inNetworks'>
  readonly kernel: Pick<Kernel, 'regions'>
  readonly authenticators: Pick<Authenticators, 'unknownOf'>
}

/** What the gate asks before the chain, in its order: whether its authenticators are there, regions, networks. */
export function placeCheck(deps: CheckDeps): ForeCheck {
  return {
    permissionType: 'routes',
    action: 'use',
    async answer({ db }, name, address) {
      const route = await findRoute(db, name)
      if (route === undefined) return undefined
      const missing = deps.authenticators.unknownOf(route.authenticators)
      if (missing.length > 0) {
        const { code, reason } = refusedUnknown(missing)
        const saw = [{ name: 'Authenticators', values: route.authenticators }]
        return { allowed: false, code, reason, saw, way: 'The route naming authenticators that are there.' }
      }
      const saw = sawOf(route)
      if (route.mode === 'shadow') return shadowed(saw)
      const region = route.regions.length === 0 ? undefined : deps.kernel.regions.regionOf(address)
      if (route.regions.length > 0 && (region === undefined || !route.regions.includes(region))) {
        return { allowed: false, ...refusedRegion, saw, way: 'Coming from a region that the route allows.' }
      }
      if (route.networks.length > 0 && !(await deps.access.inNetworks(db, address, route.networks))) {
        return { allowed: false, ...refusedNetwork, saw, way: 'Coming from a network that the route allows.' }
      }
      return route.networks.length + route.regions.length === 0 ? undefined : inside(route, saw)
    },
  }
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
