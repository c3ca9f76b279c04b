import { constants } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type ServerHttp2Session,
} from 'node:http2'
import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContext, TLSSocket } from 'node:tls'
import type { Log } from '../log.ts'
import { type Arrival, Arrivals } from './arrivals.ts'
import { type Connections, Http1Connections, type Peer, type Peers } from './connections.ts'
import type { Dispatch } from './dispatch.ts'
import type { Drained } from './drain.ts'
import { groups, signatures, suites } from './handshake.ts'
import { cachedHost } from './host-name.ts'
import { isServed } from './http1-server.ts'
import type { ListenerLimits } from './limits.ts'
import type { CertificateSource, ServedRequest, ServedResponse } from './listener.ts'
import { LongChains } from './long-chains.ts'
import { ServerResponse } from './node-http.ts'
import { claimsOtherVersion, refuse, refuseSocket, refuseUnreadable } from './refusals.ts'
import type { TicketKeyPair, TicketKeys } from './ticket-keys.ts'

/** How long a client may resume a session without proving anew who we are. */
const sessionSeconds = 7_200
const uploadWindow = { stream: 262_144, session: 1_048_576 }

export interface SecureServerParts {
  readonly dispatch: Dispatch
  readonly sources: readonly CertificateSource[]
  /** Whether the handshake for a canonical name asks for a client certificate. */
  readonly asks: (serverName: string) => boolean | Promise<boolean>
  /** Whether a canonical name is served to this address at all. Never rejects. */
  readonly isServedTo: (serverName: string, address: string) => boolean | Promise<boolean>
  readonly connections: Connections
  readonly ticketKeys: TicketKeys
  readonly peers: Peers
  readonly limits: ListenerLimits
  readonly log: Log
  readonly refusedName: () => void
}

export interface SecureServer {
  /** Accepts. */
  readonly server: Server
  /** Everything to be drained, the accepting server first. */
  readonly drained: readonly Drained[]
  /** Lets a request's connection end with the answers now in work, so that the next one begins anew. */
  retire(request: ServedRequest): void
}

/**
 * HTTP/2 and HTTP/1.1 over TLS 1.2 and 1.3 on one port, by two TLS servers: one whose handshake asks for a client
 * certificate and one whose does not. Their ticket keys differ, so a session of one is unknown to the other: resumption
 * can neither lose a certificate nor bring one. Nothing a client sends before a request makes either throw.
 */
export function createTlsServers(parts: SecureServerParts): SecureServer {
  const { asks, connections, isServedTo, limits, log, refusedName } = parts
  const unknown = (error: unknown, serverName: string): undefined => {
    log.error({ error, serverName }, 'whether to ask for a client certificate is unknown; the connection is closed')
  }
  const chains = new LongChains(() => performance.now())
  const chooseByAsking = (serverName: string, address: string): Server | undefined | Promise<Server | undefined> => {
    const serverFor = (asksHere: boolean): Server | undefined => {
      if (!asksHere) return open.server
      return chains.isPaused(address) ? undefined : asking.server
    }
    try {
      const answer = asks(serverName)
      if (!(answer instanceof Promise)) return serverFor(answer)
      return answer.then(serverFor, (error: unknown) => unknown(error, serverName))
    } catch (error) {
      return unknown(error, serverName)
    }
  }
  const chooseIfServed = (isServed: boolean, serverName: string, address: string) => {
    if (isServed) return chooseByAsking(serverName, address)
    refusedName()
    return 'unknown-name'
  }
  const arrivals = new Arrivals(connections, limits, (serverName, address) => {
    if (serverName === undefined) return open.server
    const answer = isServedTo(serverName, address)
    if (!(answer instanceof Promise)) return chooseIfServed(answer, serverName, address)
    return answer.then((isServed) => chooseIfServed(isServed, serverName, address))
  })
  const open = createTlsServer(parts, arrivals, undefined)
  const asking = createTlsServer(parts, arrivals, chains)
  arrivals.server.on('listening', () => {
    // Node starts its look-out for slow HTTP/1 clients by this
    for (const { server } of [open, asking]) server.emit('listening')
  })
  return {
    server: arrivals.server,
    drained: [{ server: arrivals.server, connections: arrivals }, open, asking],
    retire: (request) => {
      if (request.httpVersionMajor === 1) open.connections.retire((request as IncomingMessage).socket)
      else (request as Http2ServerRequest).stream.session?.close()
    },
  }
}

interface TlsServer {
  readonly server: Http2SecureServer
  readonly connections: Http1Connections
}

/** @param chains of the server that asks for certificates */
function createTlsServer(parts: SecureServerParts, arrivals: Arrivals, chains: LongChains | undefined): TlsServer {
  const { dispatch, peers, limits, ticketKeys } = parts
  const keyOf = (pair: TicketKeyPair): Buffer => Buffer.from(chains === undefined ? pair.open : pair.asking)
  const server = createSecureServer({
    ...tlsOptions(parts),
    ticketKeys: keyOf(ticketKeys.pair),
    ...http2Options(limits),
    requestCert: chains !== undefined,
    // TLS proves possession of the key; whose certificate it is, and whether it stands, is looked up at every use
    rejectUnauthorized: false,
  })
  boundHttp1(server, limits)
  ticketKeys.onChange((pair) => server.setTicketKeys(keyOf(pair)))
  const http1 = new Http1Connections(server)

  // before Node's own listener, which reads the first request
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const peer = arrived(arrivals.find(socket), socket, chains)
    if (peer === undefined) {
      socket.destroy()
    } else if (socket.alpnProtocol !== 'h2') {
      peers.set(socket, peer)
      http1.opened(socket)
    }
  })
  server.on('session', (session) => acceptSession(session, arrivals.find(session.socket)?.peer, peers, limits))
  server.on('request', (request: ServedRequest, response: ServedResponse) => {
    if (response instanceof ServerResponse && !isServed(http1, request as IncomingMessage, response)) return
    dispatch.request(request, response, requestPeer(peers, request))
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (claimsOtherVersion(request) || http1.isRefused(request.socket)) socket.destroy()
    else dispatch.upgrade(request, socket, head, requestPeer(peers, request))
  })
  server.on('clientError', (error: Error, socket: Duplex) =>
    refuseUnreadable(error, socket, http1.answerBegun(socket as Socket)),
  )
  refuseTunnels(server)
  return { server, connections: http1 }
}

/** The peer behind a request, for its whole connection. */
export function requestPeer(peers: Peers, request: ServedRequest): Peer | undefined {
  if (request.httpVersionMajor === 1) return peers.get((request as IncomingMessage).socket)
  const { session } = (request as Http2ServerRequest).stream
  return session === undefined ? undefined : peers.get(session)
}

/** Ends the arrival: who it is, once the handshake is done. `undefined` when that is not what its hello said. */
function arrived(arrival: Arrival | undefined, socket: TLSSocket, chains: LongChains | undefined): Peer | undefined {
  if (arrival === undefined) return undefined
  clearTimeout(arrival.deadline)
  const { address, serverName } = arrival
  if (serverName === undefined || !sameName(socket, serverName)) return undefined
  const leaf = chains === undefined ? undefined : socket.getPeerX509Certificate()
  if (leaf !== undefined && chains?.isTooLong(leaf, address) === true) return undefined
  const certificate = leaf === undefined ? undefined : { der: leaf.raw }
  arrival.peer = { address, serverName, asked: chains !== undefined, certificate }
  return arrival.peer
}

/** OpenSSL must have read the same name as we did, where it tells: of a resumed TLS 1.2 session it does not. */
function sameName(socket: TLSSocket, serverName: string): boolean {
  const { servername } = socket as { readonly servername?: string | false | null }
  if (typeof servername === 'string') return cachedHost(servername) === serverName
  return socket.isSessionReused() && socket.getProtocol() === 'TLSv1.2'
}

function tlsOptions({ sources, log, refusedName }: SecureServerParts) {
  return {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: suites,
    ecdhCurve: groups,
    sigalgs: signatures,
    honorCipherOrder: true,
    // the server's key share costs; a client may ask for it anew only by a new connection
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionTimeout: sessionSeconds,
    SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) => {
      const answer = (context: SecureContext | undefined): void => {
        if (context === undefined) refusedName()
        // without a context there is no certificate at all, so OpenSSL refuses with handshake_failure
        done(null, context)
      }
      const refuse = (error: unknown): void => {
        log.error({ error, serverName: cachedHost(name) }, 'a certificate source failed; the handshake is refused')
        done(null)
      }
      let found: ReturnType<typeof findCertificate>
      try {
        found = findCertificate(sources, name)
      } catch (error) {
        refuse(error)
        return
      }
      // one that is at hand is answered at once: OpenSSL then goes on where it is instead of beginning the flight again
      if (found instanceof Promise) found.then(answer, refuse)
      else answer(found)
    },
  } as const
}

function findCertificate(
  sources: readonly CertificateSource[],
  name: string,
): SecureContext | undefined | Promise<SecureContext | undefined> {
  const host = cachedHost(name)
  if (host === undefined || host !== name.toLowerCase()) return undefined
  return firstOf(sources, host)
}

function firstOf(
  [source, ...others]: readonly CertificateSource[],
  host: string,
): SecureContext | undefined | Promise<SecureContext | undefined> {
  const found = source?.(host)
  if (found instanceof Promise) return found.then((context) => context ?? firstOf(others, host))
  return found ?? (others.length === 0 ? undefined : firstOf(others, host))
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

function acceptSession(
  session: ServerHttp2Session,
  peer: Peer | undefined,
  peers: Peers,
  limits: ListenerLimits,
): void {
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

function refuseTunnels(server: Http2SecureServer): void {
  server.on('connect', (request: ServedRequest, target: Duplex | ServedResponse) => {
    if (request.httpVersionMajor === 1 || claimsOtherVersion(request)) {
      const socket = target as Duplex
      socket.on('error', () => socket.destroy())
      refuseSocket(socket, 'platform.no-tunnels')
    } else {
      refuse(target as ServedResponse, 'platform.no-tunnels')
    }
  })
}
