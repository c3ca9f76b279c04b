import { accessRoom } from '#access'
import { gatewayRoom } from '#gateway'
import { identityRoom } from '#identity'
import { mailRoom } from '#mail'
import { pkiRoom } from '#pki'

/** The rooms the gateway stands on, for every thread the same: one with more would bring tables of its own. */
export const rooms = [accessRoom, mailRoom, identityRoom, pkiRoom, gatewayRoom]
