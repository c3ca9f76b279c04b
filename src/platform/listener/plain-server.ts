import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Log } from '../log.ts'
import type { Connections, Peers } from './connections.ts'
import { callHandler } from './dispatch.ts'
import { hostOf } from './host-name.ts'
import { createHttp1Server, type Http1Server } from './http1-server.ts'
import type { ListenerLimits } from './limits.ts'
import type { ServedHandler } from './listener.ts'
import { withAnswer } from './own-hosts.ts'
import { type RefusalCode, refuse, refuseSocket } from './refusals.ts'
import { boundBody } from './slow-bodies.ts'

export interface PlainServerParts {
  readonly prefixes: ReadonlyMap<string, ServedHandler>
  /** Whether HTTPS serves this host, to whoever sent this request from `peer`. Never rejects. */
  readonly knows: (host: string, request: IncomingMessage, peer: string) => boolean | Promise<boolean>
  readonly httpsPort: () => number
  readonly connections: Connections
  readonly peers: Peers
  readonly limits: ListenerLimits
  readonly log: Log
  readonly refused: (code: RefusalCode) => void
}

/** Plain HTTP: the registered prefixes; everything else is sent to HTTPS, at a host that is ours. */
export function createPlainServer(parts: PlainServerParts): Http1Server {
  const { connections, peers, limits, log, refused } = parts
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    withAnswer(choose(parts, request, peers.get(request.socket)?.address ?? ''), (answer) => {
      if (typeof answer === 'function') {
        boundBody(request, response, limits)
        callHandler(answer, request, response, log)
      } else if ('location' in answer) {
        response.writeHead(308, { location: answer.location, 'content-length': 0 })
        response.end()
      } else {
        refused(answer.code)
        refuse(response, answer.code)
      }
    })
  }
  const http1 = createHttp1Server(limits, handle, (socket) => {
    const address = connections.admit(socket)
    if (address === undefined) return false
    peers.set(socket, { address })
    return true
  })
  http1.server.on('connect', (_request, socket: Duplex) => {
    socket.on('error', () => socket.destroy())
    refuseSocket(socket, 'platform.no-tunnels')
  })
  return http1
}

type Answer = ServedHandler | { readonly location: string } | { readonly code: RefusalCode }

function choose(parts: PlainServerParts, request: IncomingMessage, peer: string): Answer | Promise<Answer> {
  if (request.rawHeaders.length > parts.limits.headerCount * 2) return { code: 'platform.too-many-headers' }
  const host = hostOf(request, 'http')
  if (host === undefined) return { code: 'platform.bad-host' }
  const target = request.url ?? '/'
  for (const [prefix, handler] of parts.prefixes) if (target.startsWith(prefix)) return handler
  const redirect = (knows: boolean): Answer => {
    const port = parts.httpsPort()
    if (!knows) return { code: 'platform.misdirected-request' }
    return { location: `https://${host}${port === 443 ? '' : `:${port}`}${target}` }
  }
  const knows = parts.knows(host, request, peer)
  return knows instanceof Promise ? knows.then(redirect) : redirect(knows)
}
