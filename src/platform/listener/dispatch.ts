import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { Log } from '../log.ts'
import { pathOnly } from '../redact.ts'
import type { Clients } from './clients.ts'
import type { Peer } from './connections.ts'
import { hostOf } from './host-name.ts'
import type { ListenerLimits } from './limits.ts'
import type { ServedHandler, ServedRequest, ServedResponse, UpgradeHandler } from './listener.ts'
import { type OwnHosts, withAnswer } from './own-hosts.ts'
import { type RefusalCode, refuse, refuseSocket } from './refusals.ts'
import { boundBody } from './slow-bodies.ts'

export interface Served {
  readonly handler: ServedHandler
  readonly upgrade: UpgradeHandler | undefined
  /** One of Gatehouse's own, as against those of apps. */
  readonly own: boolean
  /** For programs that come by themselves: where a request comes from is the peer, whoever the peer may speak for. */
  readonly forPeers?: boolean
}

/** Who handles what on HTTPS. */
export interface HostTable {
  find(host: string): Served | undefined
}

export interface Dispatch {
  request(request: ServedRequest, response: ServedResponse, peer: Peer | undefined): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, peer: Peer | undefined): void
}

/** One host, the same in SNI and request, and a room that serves it: else a refusal. */
export function createDispatch(
  hosts: HostTable,
  limits: ListenerLimits,
  log: Log,
  refused: (code: RefusalCode) => void,
  clients: Clients,
  own: OwnHosts,
): Dispatch {
  const choose = (request: ServedRequest, peer: Peer | undefined): Served | RefusalCode => {
    if (request.rawHeaders.length > limits.headerCount * 2) return 'platform.too-many-headers'
    if (request.httpVersionMajor === 2 && (request as Http2ServerRequest).scheme !== 'https') return 'platform.bad-host'
    const host = hostOf(request, 'https')
    if (host === undefined) return 'platform.bad-host'
    if (peer?.serverName === undefined) return 'platform.misdirected-request'
    if (host !== peer.serverName) {
      const named = hosts.find(peer.serverName)
      return named?.forPeers === true ? named : 'platform.misdirected-request'
    }
    const served = hosts.find(host) ?? 'platform.misdirected-request'
    return typeof served === 'string' || served.forPeers === true || clients.place(request, peer.address, served)
      ? served
      : 'platform.bad-forwarded-for'
  }
  const mayReach = (served: Served | RefusalCode, request: ServedRequest, peer: Peer | undefined) => {
    if (typeof served === 'string' || !served.own || peer === undefined) return true
    return clients.asksForItself(request, peer.address) || own.mayReach(clients.find(request) ?? peer.address)
  }
  // one that may not be reached from there is, to whoever asks, one that does not exist
  const found = (
    request: ServedRequest,
    peer: Peer | undefined,
    next: (served: Served | RefusalCode) => void,
  ): void => {
    const served = choose(request, peer)
    withAnswer(mayReach(served, request, peer), (may) => next(may ? served : 'platform.misdirected-request'))
  }
  return {
    request: (request, response, peer) => {
      found(request, peer, (served) => {
        if (typeof served === 'string') {
          refused(served)
          refuse(response, served)
          return
        }
        boundBody(request, response, limits)
        callHandler(served.handler, request, response, log)
      })
    },
    upgrade: (request, socket, head, peer) => {
      // whoever takes the socket over, a reset by the peer must never be an uncaught error
      socket.on('error', () => socket.destroy())
      found(request, peer, (served) => {
        const upgrade = typeof served === 'string' ? undefined : served.upgrade
        if (upgrade === undefined) {
          const code = typeof served === 'string' ? served : 'platform.upgrade-refused'
          refused(code)
          refuseSocket(socket, code)
          return
        }
        try {
          upgrade(request, socket, head)
        } catch (error) {
          log.error({ error, path: pathOnly(request.url ?? '') }, 'an upgrade handler failed')
          socket.destroy()
        }
      })
    },
  }
}

/** A handler answers for itself; one that throws all the same leaves no request open and stops nothing else. */
export function callHandler(handler: ServedHandler, request: ServedRequest, response: ServedResponse, log: Log): void {
  try {
    handler(request, response)
  } catch (error) {
    log.error({ error, path: pathOnly(request.url ?? '') }, 'a request handler failed')
    refuse(response, 'platform.internal-error')
  }
}
