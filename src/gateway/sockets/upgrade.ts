import type { IncomingHttpHeaders, IncomingMessage, ServerResponse as Response } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ResponseRules } from '../defence/response-rules.ts'
import { acceptHead, isAccepted } from './handshake.ts'
import type { Place } from './open-sockets.ts'
import { Tunnel } from './tunnel.ts'

// not imported: see platform/listener/node-http.ts
const { ServerResponse } = process.getBuiltinModule('node:http')

/** A client's end of a connection that asks to become a WebSocket. */
export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** Bytes that came behind the handshake; they wait for the app's yes, and are dropped without it. */
  readonly head: Buffer
  /** For every answer but the yes; ends the connection. */
  readonly response: Response
}

/** How long a client may take to read a refusal, in milliseconds. */
const lingerMs = 1_000

/** Node lets go of the connection when it sees an upgrade: answers on it are written by a response of our own. */
export function upgradeOf(request: IncomingMessage, socket: Duplex, head: Buffer): Upgrade {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  response.once('finish', () => {
    response.detachSocket(socket as Socket)
    socket.end()
    // what the client sends behind a refusal is no request: nobody reads it as one
    socket.resume()
    setTimeout(() => socket.destroy(), lingerMs).unref()
  })
  return { request, socket, head, response }
}

/**
 * What to do with an app's 101: opens the tunnel; false when it does not accept this handshake.
 *
 * @param also names and values in turn that this answer gets besides
 */
export function onSwitched(upgrade: Upgrade, place: Place, rules: ResponseRules, also?: readonly string[]) {
  return (headers: IncomingHttpHeaders, upstream: Duplex): boolean => {
    const { request, response, socket, head } = upgrade
    if (!isAccepted(request.headers['sec-websocket-key'] ?? '', headers)) return false
    response.detachSocket(socket as Socket)
    socket.write(acceptHead(headers, rules, also))
    if (head.length > 0) socket.unshift(head)
    place.open(new Tunnel(socket, upstream, place.leave))
    return true
  }
}
