import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'
import type { Cidr } from '#kit'
import type { CertificateOutcome } from './file-certificates.ts'

export type ServedRequest = IncomingMessage | Http2ServerRequest
export type ServedResponse = ServerResponse | Http2ServerResponse
/**
 * Owns the response from here on; must end it whatever happens. The request's `url` is in origin form (`/path?query`),
 * its host is the one it was dispatched by.
 */
export type ServedHandler = (request: ServedRequest, response: ServedResponse) => void
/** WebSockets only: other `Upgrade`s are served as plain requests. Owns the socket, on which errors are listened for. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Finds the certificate for a server name (lower case, no trailing dot). `undefined`: not mine. */
export type CertificateSource = (serverName: string) => Promise<SecureContext | undefined> | SecureContext | undefined

/**
 * The certificate with which a client proved, in the TLS handshake, that it holds the private key. Nothing else is known of
 * it: who issued it, for whom, whether it is expired, revoked or well formed is for whoever uses it to look up, on every use.
 * The same object for as long as the connection lives, so that what was found out can be remembered by it.
 */
export interface ClientCertificate {
  /** The leaf, DER. */
  readonly der: Uint8Array
}

/**
 * The TLS, plain and admin-socket servers. Rooms register before `start`; a request is dispatched by its canonical
 * host only after SNI and Host were found equal (else 421).
 */
export interface Listener {
  /** Asked in order of registration; the first answer wins. With none the handshake is refused. */
  certificates(source: CertificateSource): void
  /** Handles one exact host name (no port). */
  host(name: string, handler: ServedHandler, upgrade?: UpgradeHandler): void
  /**
   * Handles one exact host name for programs that come by themselves: `addressOf` is the peer, also where the peer is a
   * trusted proxy, whose headers say nothing here. The name in the handshake alone leads here, whatever host the request is about.
   * `[console] networks` do not count; plain HTTP leads nobody here.
   */
  hostForPeers(name: string, handler: ServedHandler): void
  /**
   * Handles every host that has no handler of its own: the gateway. `knows` answers whether plain HTTP may redirect to
   * such a host; without it, or when it does not, the answer there is 421: a redirect never goes to a host a request
   * made up.
   */
  otherHosts(handler: ServedHandler, upgrade?: UpgradeHandler, knows?: (host: string) => boolean): void
  /** Handles a path prefix on plain HTTP (ACME, CRL, OCSP), for any host; everything else there is redirected to HTTPS. */
  plain(pathPrefix: string, handler: ServedHandler): void
  /**
   * Opens a unix socket at start, of mode 0660 in a directory that is there, for whoever may connect to it: `addressOf` knows
   * nobody, no host is looked at. Of several threads one opens it.
   */
  onSocket(path: string, handler: ServedHandler): void
  /**
   * Hosts whose handshake asks the client for a certificate, with an empty list of issuers; a client without one is served
   * all the same. Asked with the canonical server name at every connection and look-up, so the answer may change while
   * running; several may be registered, one yes is enough. One that fails closes the connection.
   */
  clientCertificates(asks: (serverName: string) => boolean | Promise<boolean>): void
  /**
   * What the client of this request proved. `undefined` where its host does not ask (now), where the client sent none, and
   * on a connection made before the host began to ask: that one closes after its answers, and the next is asked.
   */
  clientCertificateOf(request: ServedRequest): ClientCertificate | undefined
  /**
   * Where a request over TLS comes from, in canonical form: the peer, or what a trusted proxy says of it. Absent on the admin
   * socket.
   */
  addressOf(request: ServedRequest): string | undefined
  /**
   * Notes that somebody else carries this request, and for whom: `addressOf` answers that address from then on. Whoever calls it
   * has made sure of who says so.
   */
  carriedFor(request: ServedRequest, address: string): void
  /** Networks of proxies in front of Gatehouse (`[listen] trusted-proxies`), as they are now: a reload may change them. */
  readonly trustedProxies: readonly Cidr[]
  /** What is served from files of the operator's (`[listen] certificates`), before any source is asked. */
  readonly fileCertificates: readonly CertificateOutcome[]
  /** The port people reach HTTPS on, for links; known after start. */
  readonly httpsPort: number
  /** The port plain HTTP listens on; known after start. */
  readonly httpPort: number
}

/** What boot does with it. */
export interface StartedListener extends Listener {
  /**
   * From where Gatehouse's own hosts (those of `host`) are reached; without it, from everywhere. Elsewhere they are as a
   * host that does not exist: the handshake is refused, and a request that arrives through a trusted proxy is misdirected.
   * One that fails refuses. A trusted proxy's own question after health is answered all the same.
   */
  ownHostsFrom(isInside: (address: string) => boolean | Promise<boolean>): void
  /** Takes the place of `trustedProxies`, from the next request on. */
  trustProxies(networks: readonly Cidr[]): void
  /** `host:port` of HTTPS as it is listened on, here or in worker threads; known after start. */
  readonly httpsAddress: string
  /** Handles everything that arrives on the admin socket. Set it before `start`. */
  adminHandler(handler: ServedHandler): void
  /**
   * Opens the admin socket first, so that a second server on the same data stops before it takes a port.
   *
   * @throws GateError `platform.already-running`, `platform.port-unavailable`, `platform.admin-socket-unavailable`,
   * `platform.socket-unavailable`; nothing stays open then
   */
  start(): Promise<void>
  /**
   * Accepts nothing more, closes what is idle and WebSockets (which have no end to wait for; what was written to them is
   * sent first), lets requests in flight end for at most `graceMs`, then destroys what is left. Idempotent; safe before
   * `start`.
   */
  stop(options: { readonly graceMs: number }): Promise<void>
}
