import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Http1Connections } from './connections.ts'
import type { ListenerLimits } from './limits.ts'
import { createServer } from './node-http.ts'
import { claimsOtherVersion, refuseVersion } from './refusals.ts'

export interface Http1Server {
  readonly server: Server
  readonly connections: Http1Connections
}

/**
 * HTTP/1.1 without TLS, its connections bounded and known to a drain.
 *
 * @param handle gets every request but those that claim another version
 * @param admits whether a connection is served; one that is not it has closed
 */
export function createHttp1Server(
  limits: ListenerLimits,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  admits: (socket: Socket) => boolean = () => true,
): Http1Server {
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
  })
  // what is too much is counted and refused, never dropped without a word
  server.maxHeadersCount = 0
  const connections = new Http1Connections(server)
  server.on('connection', (socket) => {
    if (admits(socket)) connections.opened(socket)
  })
  server.on('request', (request, response) => {
    if (isServed(connections, request, response)) handle(request, response)
  })
  return { server, connections }
}

/** Takes note of the answer to come. False where the request's version or framing is refused, or was one before it. */
export function isServed(connections: Http1Connections, request: IncomingMessage, response: ServerResponse): boolean {
  const { socket } = request
  if (connections.isRefused(socket)) return false
  connections.answering(socket, response)
  if (!claimsOtherVersion(request)) return true
  connections.refused(socket)
  refuseVersion(response)
  return false
}
