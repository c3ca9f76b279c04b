import type { Cidr } from '#kit'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Threads } from '../threads/threads.ts'
import { createAdminServer, listenForGroup, listenOnSocket } from './admin-socket.ts'
import { Clients } from './clients.ts'
import { Connections, type Peers } from './connections.ts'
import { createDispatch, type Served } from './dispatch.ts'
import { drain } from './drain.ts'
import type { FileCertificates } from './file-certificates.ts'
import { canonicalHost } from './host-name.ts'
import type { Http1Server } from './http1-server.ts'
import { defaultLimits, type ListenerLimits } from './limits.ts'
import type { CertificateSource, ServedHandler, StartedListener } from './listener.ts'
import { createLocalServer } from './local-server.ts'
import { OwnHosts } from './own-hosts.ts'
import { createPlainServer } from './plain-server.ts'
import { atPort, freePort, listenOnPort, portOf } from './ports.ts'
import type { RefusalCode } from './refusals.ts'
import { createTlsServers, requestPeer } from './secure-server.ts'
import { TicketKeys } from './ticket-keys.ts'

export interface ListenerOptions {
  /** `host:port` or `[v6]:port`; port 0 takes a free one. */
  readonly https: string
  readonly http: string
  /** Path of the admin socket, made for its owner only. */
  readonly adminSocket: string
  /** The port in links and redirects where people reach another than the one listened on. */
  readonly publicPort?: number | undefined
  readonly log: Log
  readonly metrics: Metrics
  /** Proxies whose `X-Forwarded-For` counts. */
  readonly trustedProxies?: readonly Cidr[]
  /** Served before any source is asked. */
  readonly fileCertificates?: FileCertificates
  readonly limits?: Partial<ListenerLimits>
  /** Where several threads serve HTTPS on one port. */
  readonly shared?: SharedListening
}

export interface SharedListening {
  readonly threads: Threads
  /** `https`: only that, beside others; `rest`: everything else, and the port for those who serve it. */
  readonly opens: 'https' | 'rest'
  readonly ticketKeys: TicketKeys
}

interface Others extends Served {
  readonly knows: ((host: string) => boolean) | undefined
}

/** Builds the servers; opens nothing before `start`. */
export function createListener(options: ListenerOptions): StartedListener {
  const limits = { ...defaultLimits, ...options.limits }
  const { log } = options
  const count = countersOf(options.metrics)
  const hosts = new Map<string, Served>()
  const prefixes = new Map<string, ServedHandler>()
  const { fileCertificates, shared } = options
  const sources: CertificateSource[] = fileCertificates === undefined ? [] : [(name) => fileCertificates.find(name)]
  const askers: ((serverName: string) => boolean | Promise<boolean>)[] = []
  const peers: Peers = new WeakMap()
  let others: Others | undefined
  let admin: ServedHandler | undefined
  let stopping: Promise<void> | undefined

  const refused = (code: RefusalCode): void => count.refused.inc({ code })
  const clients = new Clients(options.trustedProxies ?? [])
  const own = new OwnHosts(log)
  const dispatch = createDispatch({ find: (host) => hosts.get(host) ?? others }, limits, log, refused, clients, own)
  const secureConnections = new Connections(limits.connections, limits.connectionsPerNetwork, clients)
  const plainConnections = new Connections(limits.connections, limits.connectionsPerNetwork, clients)
  const ticketKeys = shared?.ticketKeys ?? new TicketKeys()
  let keepNoKeys = (): void => undefined
  const refusedName = (): void => count.refused.inc({ code: 'unknown-server-name' })
  const secure = createTlsServers({
    dispatch,
    sources,
    asks: (serverName) => anyOf(askers.map((each) => each(serverName))),
    // whom a trusted proxy speaks for is known with the request
    isServedTo: (name, address) => hosts.get(name)?.own !== true || clients.isProxy(address) || own.mayReach(address),
    connections: secureConnections,
    ticketKeys,
    peers,
    limits,
    log,
    refusedName,
  })
  let portOfOthers = 0
  let ownPort = 0
  // asked with every request, and of a socket that listens the answer stays
  const httpsPort = (): number => {
    ownPort ||= options.publicPort ?? (portOfOthers || portOf(secure.server))
    return ownPort
  }
  const plain = createPlainServer({
    prefixes,
    knows: (host, request, peer) => {
      const served = hosts.get(host)
      if (served === undefined) return others?.knows?.(host) === true
      if (!served.own) return false
      return own.mayReach(clients.place(request, peer, served) ? (clients.find(request) ?? peer) : undefined)
    },
    httpsPort,
    connections: plainConnections,
    peers,
    limits,
    log,
    refused,
  })
  const adminSocket = createAdminServer(() => admin, limits, log)
  const locals = new Map<string, Http1Server>()
  count.connections(() => ({ https: secureConnections.count, http: plainConnections.count }))

  const stop = (graceMs: number): Promise<void> => {
    fileCertificates?.stop()
    keepNoKeys()
    return drain([...secure.drained, plain, adminSocket, ...locals.values()], graceMs, () => {
      secureConnections.destroyAll()
      plainConnections.destroyAll()
      for (const { server } of [adminSocket, ...locals.values()]) server.closeAllConnections()
    })
  }

  /** One of several threads that serve HTTPS. */
  const openShared = async ({ threads }: SharedListening): Promise<void> => {
    ticketKeys.follow(threads)
    await listenOnPort(secure.server, options.https, '[listen] https', 'shared')
  }
  /** The admin socket first; HTTPS unless other threads serve it. */
  const openAll = async (): Promise<void> => {
    keepNoKeys = ticketKeys.keep(limits.ticketKeyMs, shared?.threads)
    await listenOnSocket(adminSocket.server, options.adminSocket)
    if (shared === undefined) await listenOnPort(secure.server, options.https, '[listen] https')
    else portOfOthers = await freePort(options.https, '[listen] https')
    await listenOnPort(plain.server, options.http, '[listen] http')
    for (const [path, { server }] of locals) await listenForGroup(server, path)
  }

  const addHost = (name: string, served: Served): void => {
    if (canonicalHost(name) !== name) throw new TypeError(`${name} is not a canonical host name`)
    if (hosts.has(name)) throw new TypeError(`host ${name} has a handler already`)
    hosts.set(name, served)
  }

  return {
    certificates: (source) => {
      sources.push(source)
    },
    host: (name, handler, upgrade) => addHost(name, { handler, upgrade, own: true }),
    hostForPeers: (name, handler) => addHost(name, { handler, upgrade: undefined, own: false, forPeers: true }),
    otherHosts: (handler, upgrade, knows) => {
      if (others !== undefined) throw new TypeError('the other hosts have a handler already')
      others = { handler, upgrade, knows, own: false }
    },
    plain: (pathPrefix, handler) => {
      if (!pathPrefix.startsWith('/') || prefixes.has(pathPrefix))
        throw new TypeError(`${pathPrefix} is not a new path`)
      prefixes.set(pathPrefix, handler)
    },
    onSocket: (path, handler) => {
      if (locals.has(path)) throw new TypeError(`${path} has a handler already`)
      locals.set(path, createLocalServer(handler, limits, log, refused))
    },
    clientCertificates: (asksToo) => {
      askers.push(asksToo)
    },
    clientCertificateOf: (request) => {
      const peer = requestPeer(peers, request)
      if (peer?.serverName === undefined) return undefined
      const asks = anyOf(askers.map((each) => each(peer.serverName ?? '')))
      // while the answer is being looked for, it is as when the connection was made
      if (asks instanceof Promise) {
        asks.catch((error: unknown) => log.error({ error }, 'whether a host asks for client certificates is unknown'))
      }
      if (asks === false) return undefined
      if (asks === true && peer.asked !== true) secure.retire(request)
      return peer.certificate
    },
    addressOf: (request) => clients.find(request) ?? requestPeer(peers, request)?.address,
    get trustedProxies() {
      return clients.trusted
    },
    carriedFor: (request, address) => clients.put(request, address),
    get fileCertificates() {
      return fileCertificates?.outcomes ?? []
    },
    ownHostsFrom: (isInside) => own.reachedFrom(isInside),
    trustProxies: (networks) => clients.trust(networks),
    adminHandler: (handler) => {
      admin = handler
    },
    get httpsPort() {
      return httpsPort()
    },
    get httpsAddress() {
      return atPort(options.https, portOfOthers || portOf(secure.server))
    },
    get httpPort() {
      return portOf(plain.server)
    },
    start: async () => {
      try {
        fileCertificates?.watch()
        await (shared?.opens === 'https' ? openShared(shared) : openAll())
      } catch (error) {
        await stop(0)
        throw error
      }
      for (const { server } of [secure, plain, adminSocket, ...locals.values()]) {
        server.on('error', (error: Error) => log.error({ error }, 'a listening socket failed'))
      }
    },
    stop: ({ graceMs }) => {
      stopping ??= stop(graceMs)
      return stopping
    },
  }
}

/** One yes is enough; who answers later is waited for only without one. */
function anyOf(answers: readonly (boolean | Promise<boolean>)[]): boolean | Promise<boolean> {
  const later = answers.filter((answer) => answer instanceof Promise)
  // one that fails is told to whoever waits for it; where nobody does, it must not end the process
  for (const answer of later) answer.catch(() => undefined)
  if (answers.includes(true)) return true
  return later.length === 0 ? false : Promise.all(later).then((known) => known.includes(true))
}

function countersOf(metrics: Metrics) {
  const refused = metrics.counter('gatehouse_listener_refused_total', 'Refused before any room was asked', ['code'])
  const open = metrics.gauge('gatehouse_listener_connections', 'Open connections', ['port'])
  return {
    refused,
    /** Read when scraped, so that a connection costs no label look-up. */
    connections: (read: () => Readonly<Record<'https' | 'http', number>>) => {
      Object.assign(open, {
        collect: () => {
          for (const [port, value] of Object.entries(read())) open.set({ port }, value)
        },
      })
    },
  }
}
