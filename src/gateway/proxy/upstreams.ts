import { isIP } from 'node:net'
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

/** Connection pools by upstream origin and connect timeout, made at first use and kept while a route needs them. */
export class Upstreams {
  readonly #pools = new Map<string, Upstream>()

  get(origin: string, connectMs: number): Upstream {
    const key = `${connectMs} ${origin}`
    const known = this.#pools.get(key)
    if (known !== undefined) return known
    const made = open(origin, connectMs)
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

function open(origin: string, connectMs: number): Upstream {
  const { Pool, buildConnector } = connecting()
  const url = new URL(origin)
  const name = url.hostname.replaceAll(/[[\]]/g, '')
  const connector = buildConnector({ timeout: connectMs, allowH2: false })
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
