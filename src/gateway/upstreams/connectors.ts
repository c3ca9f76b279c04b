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
  const connector = own === undefined ? trusting(ca, connectMs) : presenting(() => own(ca), connectMs)
  const isName = isIP(hostname) === 0
  return (options, callback) => {
    const { servername: _, ...rest } = options
    // an address has no name to send
    connector(isName ? { ...rest, servername: hostname } : rest, callback)
  }
}

/** Connects to a unix socket whose real path is asked for with every connection: it may be another by then. */
export function socketConnector(realPath: () => Promise<string>, connectMs: number): Connector {
  let latest: { readonly path: string; readonly connector: Connector } | undefined
  return (options, callback) => {
    realPath().then(
      (path) => {
        if (latest?.path !== path) latest = { path, connector: build({ timeout: connectMs, socketPath: path }) }
        latest.connector(options, callback)
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error('no such socket'), null),
    )
  }
}

function trusting(ca: string | undefined, connectMs: number): Connector {
  if (ca === undefined) return build({ timeout: connectMs })
  // made with the first connection: what is wrong with it is that connection's fault and not the whole gate's
  const pinned = () => (context ??= createSecureContext({ ca, minVersion: 'TLSv1.2' }))
  let context: SecureContext | undefined
  return presenting(pinned, connectMs)
}

/**
 * Asks for the context with every connection, so that a renewed certificate is shown from then on; connections that are open
 * finish what they carry. A connector is kept as long as its certificate, since it remembers TLS sessions.
 */
function presenting(contextNow: () => SecureContext | Promise<SecureContext>, connectMs: number): Connector {
  let latest: { readonly context: SecureContext; readonly connector: Connector } | undefined
  return (options, callback) => {
    const go = (context: SecureContext): void => {
      if (latest?.context !== context) {
        latest = { context, connector: build({ timeout: connectMs, secureContext: context }) }
      }
      latest.connector(options, callback)
    }
    const failed = (error: unknown): void => {
      callback(error instanceof Error ? error : new Error('no TLS context'), null)
    }
    try {
      const context = contextNow()
      if (context instanceof Promise) context.then(go).catch(failed)
      else go(context)
    } catch (error) {
      failed(error)
    }
  }
}

function build(options: connectors.BuildOptions): Connector {
  return connecting().buildConnector({ ...options, allowH2: false })
}
