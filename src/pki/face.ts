import type { SecureContext } from 'node:tls'
import type { Actor } from '#kit'
import type { ClientCertificate, Ctx, ProofPurpose } from '#platform'

export interface Authority {
  readonly name: string
  readonly certificatePem: string
  /** SHA-256 of the certificate's DER, lower-case hex pairs joined by colons. */
  readonly fingerprint: string
  readonly notAfter: number
}

/** Why a client certificate proves nothing; each is an error of this room. */
export type ClientRefusal =
  | 'pki.certificate-revoked'
  | 'pki.certificate-ended'
  | 'pki.certificate-not-yet-valid'
  | 'pki.certificate-foreign'
  | 'pki.certificate-not-for-clients'

/** What a client certificate is worth at this moment. */
export type ClientProof =
  /** Its holder, through this certificate as credential. The same object while nothing changed. */
  | { readonly actor: Actor }
  /** `certificateId` is absent where the certificate is not one of ours. */
  | { readonly refused: ClientRefusal; readonly certificateId: string | undefined }

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
  /** The host that asks for client certificates; no route may be published there. */
  readonly certificateHost: string
  /**
   * Who the client of a connection is, by the certificate it proved. To be asked at every use: what is revoked is refused
   * from then on, on this node at once and on others within a second. A plain value while nothing changed. Does not decide
   * anything: the certificate's limits travel in the actor, and whether its holder stands is the decision's first step.
   * Refusals are the caller's to journal. To `watch` is no use. Rejects when the database is away.
   *
   * @param client the program as it names itself, for the last use
   */
  actorOf(
    certificate: ClientCertificate,
    address: string | undefined,
    purpose?: ProofPurpose,
    client?: string,
  ): ClientProof | Promise<ClientProof>
  /**
   * What Gatehouse presents to apps over TLS: its own client certificate, made at first use and renewed by itself, and
   * trust in our roots beside the system's. To be asked for every connection: another context means a new certificate.
   * A plain value while one is current.
   *
   * @param ca the only authorities to trust instead, in PEM
   * @throws GateError (as a rejection) what issuing throws; what the database throws
   */
  clientContext(ca?: string): SecureContext | Promise<SecureContext>
}
