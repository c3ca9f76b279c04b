import { accessRoom } from '#access'
import { consoleRoom } from '#console'
import { gatewayRoom } from '#gateway'
import { hooksRoom } from '#hooks'
import { identityRoom } from '#identity'
import { mailRoom } from '#mail'
import { pkiRoom } from '#pki'
import type { AnyRoom } from '#platform'
import { stateRoom } from '#state'

/** The whole product on one screen: every room, bottom-up. A room may need only rooms above it in this list. */
export const rooms: readonly AnyRoom[] = [
  accessRoom,
  mailRoom,
  identityRoom,
  pkiRoom,
  gatewayRoom,
  hooksRoom,
  stateRoom,
  consoleRoom,
]
