import type { SecureContext } from 'node:tls'
import type { Ctx } from '#platform'

export interface Authority {
  readonly name: string
  readonly certificatePem: string
  /** SHA-256 of the certificate's DER, lower-case hex pairs joined by colons. */
  readonly fingerprint: string
  readonly notAfter: number
}

/** The local certificate authority. */
export interface PkiFace {
  /** The root people are asked to trust; created at first start. */
  root(): Promise<Authority>
  /**
   * A TLS context with a current leaf for one host name the caller vouches for (a routed host), made on demand, kept,
   * and renewed before it ends. Concurrent calls for one name make one certificate. A valid one is served even when its
   * renewal fails.
   *
   * @throws GateError (as a rejection) `pki.host-invalid`, `pki.authority-not-valid`; what the database throws
   */
  serverContext(host: string): SecureContext | Promise<SecureContext>
  /**
   * Issues ahead of the first handshake, so that nobody waits; joins the transaction of `ctx` and is journalled as its
   * actor's.
   *
   * @throws GateError `pki.host-invalid`, `pki.authority-not-valid`
   */
  prepare(ctx: Ctx, host: string): Promise<void>
}
