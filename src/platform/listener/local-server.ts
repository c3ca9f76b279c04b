import type { Server } from 'node:http'
import type { Log } from '../log.ts'
import { Http1Connections } from './connections.ts'
import { callHandler } from './dispatch.ts'
import type { ListenerLimits } from './limits.ts'
import type { ServedHandler } from './listener.ts'
import { createServer } from './node-http.ts'
import { claimsOtherVersion, type RefusalCode, refuse, refuseVersion } from './refusals.ts'
import { boundBody } from './slow-bodies.ts'

/** HTTP/1.1 on a unix socket for programs of this machine that carry other people's requests: bounded as on a port. */
export function createLocalServer(
  handler: ServedHandler,
  limits: ListenerLimits,
  log: Log,
  refused: (code: RefusalCode) => void,
): { readonly server: Server; readonly connections: Http1Connections } {
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
  })
  // what is too much is counted and refused, never dropped without a word
  server.maxHeadersCount = 0
  server.maxConnections = limits.connections
  const http1 = new Http1Connections(server)
  server.on('connection', (socket) => http1.opened(socket))
  server.on('request', (request, response) => {
    http1.answering(request.socket, response)
    if (claimsOtherVersion(request)) {
      refuseVersion(response)
    } else if (request.rawHeaders.length > limits.headerCount * 2) {
      refused('platform.too-many-headers')
      refuse(response, 'platform.too-many-headers')
    } else {
      boundBody(request, response, limits)
      callHandler(handler, request, response, log)
    }
  })
  return { server, connections: http1 }
}
