import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'

export type ServedRequest = IncomingMessage | Http2ServerRequest
export type ServedResponse = ServerResponse | Http2ServerResponse
/** Owns the response from here on; must end it whatever happens. */
export type ServedHandler = (request: ServedRequest, response: ServedResponse) => void
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Finds the certificate for a server name (lower case, no trailing dot). `undefined`: not mine. */
export type CertificateSource = (serverName: string) => Promise<SecureContext | undefined> | SecureContext | undefined

/**
 * The TLS, plain and admin-socket servers. Rooms register before `start`; a request is dispatched by its canonical
 * host only after SNI and Host were found equal (else 421).
 */
export interface Listener {
  /** Asked in order of registration; the first answer wins. With none the handshake is refused. */
  certificates(source: CertificateSource): void
  /** Handles one exact host name (no port). */
  host(name: string, handler: ServedHandler, upgrade?: UpgradeHandler): void
  /** Handles every host that has no handler of its own: the gateway. */
  otherHosts(handler: ServedHandler, upgrade?: UpgradeHandler): void
  /** Handles a path prefix on plain HTTP (ACME, CRL, OCSP); everything else there is redirected to HTTPS. */
  plain(pathPrefix: string, handler: ServedHandler): void
  /** The peer's address in canonical form; absent on the admin socket. */
  addressOf(request: ServedRequest): string | undefined
  /** The port people reach HTTPS on, for links; known after start. */
  readonly httpsPort: number
}
