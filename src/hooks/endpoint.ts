import type { Actor } from '#kit'
import type { PausedReason } from './contract.ts'

/** Whom an endpoint acts as: its maker, with the limits of what the maker acted through. No place, no session. */
export type Owner = Pick<Actor, 'principal' | 'credential' | 'app' | 'grant'>

/** A place that events are sent to. */
export interface Endpoint {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly patterns: readonly string[]
  readonly pausedReason: PausedReason | undefined
  /** Since when every attempt failed. */
  readonly failingSince: number | undefined
  readonly owner: Owner
  /** Sealed. */
  readonly secret: Uint8Array
  readonly former: { readonly secret: Uint8Array; readonly until: number } | undefined
  readonly deliveredAt: number | undefined
  readonly createdAt: number
  readonly updatedAt: number
  readonly revision: number
}

export type EndpointState = 'on' | 'failing' | 'paused'

export function stateOf({ pausedReason, failingSince }: Endpoint): EndpointState {
  if (pausedReason !== undefined) return 'paused'
  return failingSince === undefined ? 'on' : 'failing'
}

/** The lease under which one node at a time delivers to an endpoint. */
export function laneOf(endpointId: string): string {
  return `hooks/${endpointId}`
}
