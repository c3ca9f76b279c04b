import { isIP } from 'node:net'
import type { SecureContext } from 'node:tls'
import type { buildConnector as connectors, Dispatcher, Pool as PoolType } from 'undici'
import { connecting } from './undici.ts'

/** One origin with its keep-alive connections. */
export interface Upstream {
  readonly pool: PoolType
  /** Given with every dispatch: undici would take the name for TLS from the public Host otherwise. */
  readonly servername: string
  /** Requests handed to the pool and not yet answered. */
  inFlight: number
}

/** What `Dispatcher.dispatch` really reads: undici's types leave `servername` out. */
export type DispatchOptions = Dispatcher.DispatchOptions & { readonly servername: string }

const maxConnections = 256
/** Beyond it a request waits for nothing good: the upstream has not answered the ones before. */
export const maxInFlight = 1_024
const maxResponseHeaders = 64 * 1024

/** What Gatehouse presents over TLS at this moment. */
export type OwnContext = () => SecureContext | Promise<SecureContext>

/** How an upstream is reached. */
export interface Reached {
  readonly upstream: string
  readonly presentCertificate: boolean
  readonly timeouts: { readonly connectMs: number }
}

/** Connection pools by upstream origin and connect timeout, made at first use and kept while a route needs them. */
export class Upstreams {
  readonly #pools = new Map<string, Upstream>()
  readonly #own: OwnContext

  constructor(own: OwnContext) {
    this.#own = own
  }

  get({ upstream: origin, presentCertificate, timeouts: { connectMs } }: Reached): Upstream {
    // nobody else's requests may travel on connections that prove who we are
    const key = `${connectMs} ${presentCertificate} ${origin}`
    const known = this.#pools.get(key)
    if (known !== undefined) return known
    const made = open(origin, connectMs, presentCertificate ? this.#own : undefined)
    this.#pools.set(key, made)
    return made
  }

  /** Closes pools nobody routes to any more; requests in flight finish. */
  retain(used: readonly Upstream[]): void {
    const kept = new Set(used)
    for (const [key, upstream] of this.#pools) {
      if (kept.has(upstream)) continue
      this.#pools.delete(key)
      upstream.pool.close().catch(() => undefined)
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.map((upstream) => upstream.pool.destroy()))
  }
}

function connectorFor(connectMs: number, secureContext?: SecureContext): connectors.connector {
  const options = { timeout: connectMs, allowH2: false, ...(secureContext === undefined ? {} : { secureContext }) }
  return connecting().buildConnector(options)
}

/**
 * Asks for our certificate with every connection, so that a renewed one is shown from then on; connections that are open
 * finish what they carry. A connector is kept as long as its certificate, since it remembers TLS sessions.
 */
function presenting(own: OwnContext, connectMs: number): connectors.connector {
  let latest: { readonly context: SecureContext; readonly connector: connectors.connector } | undefined
  return (options, callback) => {
    const go = (context: SecureContext): void => {
      if (latest?.context !== context) latest = { context, connector: connectorFor(connectMs, context) }
      latest.connector(options, callback)
    }
    const failed = (error: unknown): void => {
      callback(error instanceof Error ? error : new Error('no client certificate'), null)
    }
    try {
      const context = own()
      if (context instanceof Promise) context.then(go).catch(failed)
      else go(context)
    } catch (error) {
      failed(error)
    }
  }
}

function open(origin: string, connectMs: number, own: OwnContext | undefined): Upstream {
  const { Pool } = connecting()
  const url = new URL(origin)
  const name = url.hostname.replaceAll(/[[\]]/g, '')
  const connector = own === undefined ? connectorFor(connectMs) : presenting(own, connectMs)
  // The certificate is the upstream's, so it is checked for the upstream's name; an address has no name to send.
  const connect: connectors.connector = (options, callback) => {
    const { servername: _, ...rest } = options
    connector(isIP(name) === 0 ? { ...rest, servername: name } : rest, callback)
  }
  const pool = new Pool(url.origin, {
    connect,
    connections: maxConnections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 120_000,
    maxHeaderSize: maxResponseHeaders,
  })
  return { pool, servername: name, inFlight: 0 }
}
