import { constants, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type ServerHttp2Session,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContext, TLSSocket } from 'node:tls'
import { canonicalAddress } from '#kit'
import type { Log } from '../log.ts'
import { type Connections, Http1Connections, type Peer, type Peers } from './connections.ts'
import type { Dispatch } from './dispatch.ts'
import { canonicalHost } from './host-name.ts'
import type { ListenerLimits } from './limits.ts'
import type { CertificateSource, ServedRequest, ServedResponse } from './listener.ts'
import { ServerResponse } from './node-http.ts'
import { refuse, refuseSocket } from './refusals.ts'

/** TLS 1.3's three, then forward-secret AEAD suites only for 1.2. */
const suites = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** A stolen ticket key opens the TLS 1.2 sessions of this long at most; older tickets cost one full handshake. */
const ticketKeyLifeMs = 8 * 3_600_000
const uploadWindow = { stream: 262_144, session: 1_048_576 }

export interface SecureServerParts {
  readonly dispatch: Dispatch
  readonly sources: readonly CertificateSource[]
  readonly connections: Connections
  readonly peers: Peers
  readonly limits: ListenerLimits
  readonly log: Log
  readonly refusedName: () => void
}

export interface SecureServer {
  readonly server: Http2SecureServer
  readonly http1: Http1Connections
}

/** HTTP/2 and HTTP/1.1 over TLS 1.2 and 1.3 on one port. Nothing a client sends before a request makes it throw. */
export function createTlsServer(parts: SecureServerParts): SecureServer {
  const { dispatch, connections, peers, limits } = parts
  const server = createSecureServer({ ...tlsOptions(parts), ...http2Options(limits) })
  boundHttp1(server, limits)
  const rotation = setInterval(() => server.setTicketKeys(randomBytes(48)), ticketKeyLifeMs).unref()
  server.on('close', () => clearInterval(rotation))
  const http1 = new Http1Connections(server)

  server.on('connection', (socket: Socket) => connections.admit(socket))
  // before Node's own listener, which reads the first request
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const peer = peerOf(socket)
    if (peer === undefined) {
      socket.destroy()
    } else if (socket.alpnProtocol !== 'h2') {
      peers.set(socket, peer)
      http1.opened(socket)
    }
  })
  server.on('session', (session) => acceptSession(session, peers, limits))
  server.on('request', (request: ServedRequest, response: ServedResponse) => {
    if (response instanceof ServerResponse) http1.answering(request.socket, response)
    dispatch.request(request, response, requestPeer(peers, request))
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    dispatch.upgrade(request, socket, head, requestPeer(peers, request)),
  )
  refuseTunnels(server)
  return { server, http1 }
}

/** The peer behind a request, for its whole connection. */
export function requestPeer(peers: Peers, request: ServedRequest): Peer | undefined {
  if (request.httpVersionMajor === 1) return peers.get((request as IncomingMessage).socket)
  const { session } = (request as Http2ServerRequest).stream
  return session === undefined ? undefined : peers.get(session)
}

function tlsOptions({ sources, limits, log, refusedName }: SecureServerParts) {
  return {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: suites,
    honorCipherOrder: true,
    // the server's key share costs; a client may ask for it anew only by a new connection
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    handshakeTimeout: limits.handshakeMs,
    ticketKeys: randomBytes(48),
    SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) => {
      findCertificate(sources, name).then(
        (context) => {
          if (context === undefined) refusedName()
          // without a context there is no certificate at all, so OpenSSL refuses with handshake_failure
          done(null, context)
        },
        (error: unknown) => {
          log.error({ error, serverName: canonicalHost(name) }, 'a certificate source failed; the handshake is refused')
          done(null)
        },
      )
    },
  } as const
}

async function findCertificate(
  sources: readonly CertificateSource[],
  name: string,
): Promise<SecureContext | undefined> {
  const host = canonicalHost(name)
  if (host === undefined || host !== name.toLowerCase()) return undefined
  for (const source of sources) {
    const context = await source(host)
    if (context !== undefined) return context
  }
  return undefined
}

function http2Options(limits: ListenerLimits) {
  return {
    allowHTTP1: true,
    maxHeaderListPairs: limits.headerCount + 8,
    maxSessionInvalidFrames: 100,
    streamResetBurst: limits.resetBurst,
    streamResetRate: limits.resetsPerSecond,
    settings: {
      maxConcurrentStreams: limits.streams,
      maxHeaderListSize: limits.headerBytes,
      initialWindowSize: uploadWindow.stream,
      enablePush: false,
    },
  } as const
}

/**
 * Node's HTTP/1 settings are properties of the server. `maxHeadersCount` is off because it drops what is too much
 * without a word; the dispatch counts and refuses. Whole requests have no time limit: uploads may be long.
 */
function boundHttp1(server: Http2SecureServer, limits: ListenerLimits): void {
  Object.assign(server, {
    maxHeaderSize: limits.headerBytes,
    maxHeadersCount: 0,
    headersTimeout: limits.headersMs,
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
    shouldUpgradeCallback: (request: IncomingMessage) => request.headers.upgrade?.toLowerCase() === 'websocket',
  })
}

function acceptSession(session: ServerHttp2Session, peers: Peers, limits: ListenerLimits): void {
  const peer = peerOf(session.socket as TLSSocket)
  if (peer === undefined) {
    session.destroy()
    return
  }
  peers.set(session, peer)
  session.setLocalWindowSize(uploadWindow.session)
  let streams = 0
  session.on('stream', (stream) => {
    streams += 1
    stream.once('close', () => {
      streams -= 1
    })
  })
  session.setTimeout(limits.sessionIdleMs, () => {
    if (streams === 0) session.close()
  })
}

function peerOf(socket: TLSSocket): Peer | undefined {
  const remote = socket.remoteAddress?.split('%', 1)[0]
  const address = remote === undefined ? undefined : canonicalAddress(remote)
  const serverName = canonicalHost((socket as { servername?: string | false | null }).servername || '')
  return address === undefined || serverName === undefined ? undefined : { address, serverName }
}

function refuseTunnels(server: Http2SecureServer): void {
  server.on('connect', (request: ServedRequest, target: Duplex | ServedResponse) => {
    if (request.httpVersionMajor === 1) {
      const socket = target as Duplex
      socket.on('error', () => socket.destroy())
      refuseSocket(socket, 'platform.no-tunnels')
    } else {
      refuse(target as ServedResponse, 'platform.no-tunnels')
    }
  })
}
