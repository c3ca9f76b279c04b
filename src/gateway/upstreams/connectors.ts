import { isIP } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { buildConnector as connectors } from 'undici'
import { connecting } from '../proxy/undici.ts'

export type Connector = connectors.connector

/**
 * What Gatehouse presents over TLS at this moment.
 *
 * @param ca the only authorities to trust, in PEM; `undefined`: those of the system and our own
 */
export type OwnContext = (ca: string | undefined) => SecureContext | Promise<SecureContext>

export interface OriginConnection {
  readonly hostname: string
  readonly connectMs: number
  /** Given when the app is to be shown our certificate. */
  readonly own: OwnContext | undefined
  readonly ca: string | undefined
}

/** Connects to an origin. The certificate is the upstream's, so it is checked for the upstream's name. */
export function originConnector({ hostname, connectMs, own, ca }: OriginConnection): Connector {
  const connector = overTls(own, ca, connectMs)
  const isName = isIP(hostname) === 0
  return (options, callback) => {
    const { servername: _, ...rest } = options
    // an address has no name to send
    connector(isName ? { ...rest, servername: hostname } : rest, callback)
  }
}

/** Connects to a unix socket whose real path is asked for with every connection: it may be another by then. */
export function socketConnector(realPath: () => Promise<string>, connectMs: number): Connector {
  return asking(realPath, (socketPath) => ({ timeout: connectMs, socketPath }))
}

function overTls(own: OwnContext | undefined, ca: string | undefined, connectMs: number): Connector {
  if (own === undefined && ca === undefined) return build({ timeout: connectMs })
  // made with the first connection: what is wrong with it is that connection's fault and not the whole gate's
  const pinned = () => (context ??= createSecureContext({ ca, minVersion: 'TLSv1.2' }))
  let context: SecureContext | undefined
  // asked each time, so that a renewed certificate is shown from then on
  const contextNow = own === undefined ? pinned : () => own(ca)
  return asking(contextNow, (secureContext) => ({ timeout: connectMs, secureContext }))
}

/**
 * Asks with every connection how to connect; connections that are open finish what they carry. A connector is kept as long
 * as the answer stays, since it remembers TLS sessions.
 */
function asking<T>(now: () => T | Promise<T>, optionsOf: (found: T) => connectors.BuildOptions): Connector {
  let latest: { readonly found: T; readonly connector: Connector } | undefined
  return (options, callback) => {
    const go = (found: T): void => {
      if (latest?.found !== found) latest = { found, connector: build(optionsOf(found)) }
      latest.connector(options, callback)
    }
    const failed = (error: unknown): void => {
      callback(error instanceof Error ? error : new Error('it could not be said how to connect'), null)
    }
    try {
      const found = now()
      if (found instanceof Promise) found.then(go).catch(failed)
      else go(found)
    } catch (error) {
      failed(error)
    }
  }
}

function build(options: connectors.BuildOptions): Connector {
  return connecting().buildConnector({ ...options, allowH2: false })
}
