import type { Actor, Decision } from '#kit'
import type { GatewayProof, ServedRequest, ServedResponse } from '#platform'
import type { Preflight } from './defence/cors.ts'
import type { Way } from './entry/way.ts'
import type { Presented } from './proxy/presented.ts'
import type { LiveRoute } from './routing/live-routes.ts'
import type { Upgrade } from './sockets/upgrade.ts'

/** @param identity names and values in turn of what the app is told of the visitor */
export type LetIn = (visit: Visit, identity: readonly string[]) => void

/** One request on its way to an app. */
export interface Visit {
  readonly request: ServedRequest
  readonly response: ServedResponse
  readonly live: LiveRoute
  readonly address: string | undefined
  readonly presented: Presented
  readonly now: number
  /** Set when the request asks for a WebSocket that we carry. */
  readonly upgrade: Upgrade | undefined
  /** Whether a WebSocket is asked for, whoever carries it. */
  readonly isSocket: boolean
  /** Set when another proxy carries the request: what a yes does in place of sending it on. */
  readonly letIn: LetIn | undefined
  /** Set when the place has no route for the method; then it ends behind the networks, and `live` is one of the others. */
  readonly allow: readonly string[] | undefined
  /** Set when a browser asks on behalf of a page of another origin, and the route has an allow-list to answer by. */
  readonly preflight: Preflight | undefined
  /** Names and values in turn that this visit's answer gets besides. */
  also: readonly string[] | undefined
  /** By which way the visitor was recognised. */
  way: Way | undefined
  /** What a contributed way recognised. */
  proof: GatewayProof | undefined
  /** Who it was decided about, for the log; `undefined`: nobody who was proven. */
  actor: Actor | undefined
  /** What was decided last, for the log. */
  decision: Decision | undefined
}

/** What lives as long as the client's connection. HTTP/2 gives every request a socket of its own making. */
export function connectionOf(request: ServedRequest): object {
  return 'stream' in request && request.httpVersionMajor === 2 ? (request.stream.session ?? request) : request.socket
}
