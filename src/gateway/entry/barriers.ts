import type { AccessFace } from '#access'
import type { Decision } from '#kit'
import type { Db, Kernel } from '#platform'
import type { GatewayCode } from '../errors.ts'
import { refusedBy } from '../gate-deps.ts'
import type { GatewayRoute } from '../routing/table.ts'

/** What the gate answers where a route refuses before anybody is asked who they are, by the code of the decision. */
export const barrierAnswers = {
  'route-authenticator': 'gateway.authenticator-missing',
  'route-secret-header': 'gateway.secret-header-damaged',
  'route-region': 'gateway.region-refused',
  'route-network': 'gateway.network-refused',
} as const satisfies Readonly<Record<string, GatewayCode>>

export type BarrierCode = keyof typeof barrierAnswers

/** A refusal before anybody is asked who they are. */
export type Barrier = Decision & { readonly code: BarrierCode }

export function isBarrier(code: string): code is BarrierCode {
  return Object.hasOwn(barrierAnswers, code)
}

/**
 * Why a route refuses everybody, shadow mode or not; `undefined`: it does not.
 *
 * @param missing authenticators that it lists and nobody here knows
 * @param damaged secret headers of its app that cannot be opened
 */
export function closedBy(missing: readonly string[], damaged: readonly string[]): Barrier | undefined {
  if (damaged.length > 0) {
    return refusedBy('route-secret-header', `The secret headers ${damaged.join(', ')} can no longer be opened.`)
  }
  if (missing.length === 0) return undefined
  return refusedBy(
    'route-authenticator',
    `The route asks for ${missing.join(', ')}, which this Gatehouse does not know.`,
  )
}

const outsideRegions: Barrier = refusedBy('route-region', 'The address is in none of the regions this route allows.')
const outsideNetworks: Barrier = refusedBy('route-network', 'The address is in none of the networks this route allows.')

interface Parts {
  readonly access: Pick<AccessFace, 'inNetworks'>
  readonly kernel: Pick<Kernel, 'regions'>
}

/**
 * Why a route refuses an address, first by its regions, then by its networks; `undefined`: it does not. The one rule for the
 * gate, for what is open, and for whoever says beforehand what the gate will do. A plain value while networks are cached.
 */
export function outsideOf(
  { access, kernel }: Parts,
  db: Db,
  { regions, networks }: Pick<GatewayRoute, 'regions' | 'networks'>,
  address: string | undefined,
): Barrier | undefined | Promise<Barrier | undefined> {
  if (regions.length > 0) {
    const region = kernel.regions.regionOf(address)
    if (region === undefined || !regions.includes(region)) return outsideRegions
  }
  if (networks.length === 0) return undefined
  const inside = access.inNetworks(db, address, networks)
  return inside instanceof Promise ? inside.then(unlessInside) : unlessInside(inside)
}

function unlessInside(inside: boolean): Barrier | undefined {
  return inside ? undefined : outsideNetworks
}
