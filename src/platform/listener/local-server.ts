import type { Log } from '../log.ts'
import { callHandler } from './dispatch.ts'
import { createHttp1Server, type Http1Server } from './http1-server.ts'
import type { ListenerLimits } from './limits.ts'
import type { ServedHandler } from './listener.ts'
import { type RefusalCode, refuse } from './refusals.ts'
import { boundBody } from './slow-bodies.ts'

/** HTTP/1.1 on a unix socket for programs of this machine that carry other people's requests: bounded as on a port. */
export function createLocalServer(
  handler: ServedHandler,
  limits: ListenerLimits,
  log: Log,
  refused: (code: RefusalCode) => void,
): Http1Server {
  const http1 = createHttp1Server(limits, (request, response) => {
    if (request.rawHeaders.length > limits.headerCount * 2) {
      refused('platform.too-many-headers')
      refuse(response, 'platform.too-many-headers')
      return
    }
    boundBody(request, response, limits)
    callHandler(handler, request, response, log)
  })
  http1.server.maxConnections = limits.connections
  return http1
}
