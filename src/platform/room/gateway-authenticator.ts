import type { IncomingHttpHeaders } from 'node:http'
import type { Actor } from '#kit'
import type { EpochName } from '../db/database.ts'
import type { ClientCertificate } from '../listener/listener.ts'
import type { ProofPurpose } from './contract.ts'

/**
 * A way by which requests to apps say who sends them, contributed to the gateway by a room that it does not import: OAuth
 * access tokens, share links. Routes list it by name.
 *
 * Cookies of its own are called `__Host-gatehouse-…` and other fields of its own `X-Gatehouse-…`: none of these ever reaches
 * an app, on any route, and no app can set such a cookie. What it reads from the query reaches the app, since the target is
 * forwarded byte for byte: exchange it for a cookie first.
 */
export interface GatewayAuthenticator {
  /** As routes list it, a slug: `oauth-token`. Not `session`, `token`, `certificate` or `anonymous`. */
  readonly name: string
  /** For people who choose, as it stands after the name: `access tokens of apps`. */
  readonly title: string
  /** Whether it reads client certificates: hosts of its routes ask for one in the TLS handshake. */
  readonly readsCertificates?: boolean
  /** For `WWW-Authenticate` where nobody said who they are: `Bearer realm="Gatehouse", scope="photos"`. */
  readonly challenge?: string
  /** What every change touches that could alter an answer: open sockets are judged at once then, else within a second. */
  readonly epochs?: readonly EpochName[]
  /**
   * Whether an `Authorization` is its own: then it reaches no app, on whatever route it comes. Asked for every one that a
   * connection has not brought before; cheap, by the form alone.
   */
  ownsAuthorization?(value: string): boolean
  /**
   * Who sends this. Asked on every request of its routes that no way before it in the list knew, so it must be quick where
   * there is nothing of its kind; a plain value while what it knows is current, and then the same object again, so that
   * nothing is made for a request. Decides nothing: limits of the credential travel in the actor. A rejection fails closed.
   *
   * @returns `undefined`: nothing of my kind. What is of its kind but bad is refused, never passed on to the next way.
   */
  authenticate(presented: GatewayPresented): GatewayAnswer | Promise<GatewayAnswer>
}

export type GatewayAnswer = GatewayProof | GatewayDenial | undefined

/** What a request brings. Values are the client's: of any length a header may have, of any content. */
export interface GatewayPresented {
  readonly method: string
  /** Lower case, without port. */
  readonly host: string
  /** Path and query as the client wrote them, canonical. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  /** Canonical. */
  readonly address: string | undefined
  /** What the client proved in the TLS handshake; there only with `readsCertificates`. */
  readonly certificate: ClientCertificate | undefined
}

/** Somebody was recognised. */
export interface GatewayProof {
  readonly actor: Actor
  /**
   * Whoever made the request put the credential into it: an `Authorization`, a field. Else it is taken for what browsers send
   * along by themselves, a cookie or a certificate, and changes that pages of other sites make with it are refused.
   */
  readonly deliberate?: true
  /**
   * Asks again, as long as something this proof opened stays open: a WebSocket, a stream of events. `watch` is no use, it puts
   * off no idle end; `use` is one. Keep a hash for it, never the credential. A rejection is asked again, for a few seconds.
   *
   * @returns anything but a proof closes what is open
   */
  again(purpose: ProofPurpose): GatewayAnswer | Promise<GatewayAnswer>
}

/** There is something of its kind, and it proves nothing. */
export interface GatewayDenial {
  /** For the journal and the answer: `oauth.token-expired`. */
  readonly code: string
  /** A sentence for the visitor, without the credential: `The access token has expired.` */
  readonly reason: string
  /** For `WWW-Authenticate`: `Bearer error="invalid_token"`. */
  readonly challenge: string
}
