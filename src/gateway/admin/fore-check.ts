import type { AccessFace } from '#access'
import type { ForeCheck } from '#platform'
import { refusedNetwork } from '../gate-deps.ts'
import { findRoute } from '../route-store.ts'

/** A route's own networks, as the gate asks them before the chain. */
export function networksCheck(access: Pick<AccessFace, 'inNetworks'>): ForeCheck {
  return {
    permissionType: 'routes',
    action: 'use',
    async answer({ db }, name, address) {
      const route = await findRoute(db, name)
      if (route === undefined || route.networks.length === 0) return undefined
      const saw = [{ name: 'Only from', values: route.networks }]
      if (await access.inNetworks(db, address, route.networks)) {
        const reason = 'The address lies in the networks this route allows.'
        return {
          allowed: true,
          code: 'route-network',
          reason,
          saw,
          way: 'Coming from outside the networks of the route.',
        }
      }
      const { code, reason } = refusedNetwork
      return { allowed: false, code, reason, saw, way: 'Coming from a network that the route allows.' }
    },
  }
}
