import type { Actor } from '#kit'
import type { Ctx, ProofPurpose } from '#platform'

/** What an upstream may learn about an account. */
export interface Profile {
  readonly id: string
  readonly handle: string
  readonly displayName: string
  readonly email: string | undefined
}

export interface AppSession {
  /** The cookie's value; shown once, stored hashed. */
  readonly token: string
  readonly sessionId: string
}

/** A well-formed token, hashed: whoever sees the same one again and again need neither keep nor hash it again. */
export interface Proof {
  readonly kind: 'session' | 'token'
  /** SHA-256, base64url. */
  readonly hash: string
}

/** Accounts and sessions as the gateway and the console need them. */
export interface IdentityFace {
  /**
   * The actor of a session token on one host (`undefined` is the console's own host). Checks at use: the session, its parent, its credential and
   * account must all stand, and neither idle nor absolute end be passed. A plain value when cached and current. Does not decide anything:
   * the credential's limits travel in the actor. Answers `undefined` for anything else, malformed included. To `watch`
   * puts off no idle end.
   */
  findSession(
    token: string,
    host: string | undefined,
    address: string | undefined,
    purpose?: ProofPurpose,
  ): Actor | undefined | Promise<Actor | undefined>
  /** The actor of an API token (`Authorization: Bearer`), with the same checks; `client` is noted with the use. */
  findToken(
    token: string,
    address: string | undefined,
    purpose?: ProofPurpose,
    client?: string,
  ): Actor | undefined | Promise<Actor | undefined>
  /** A session's or API token's text, hashed; `undefined` when it has neither form. Says nothing about its existence. */
  proofOf(token: string): Proof | undefined
  /** `findSession` or `findToken` for a token hashed before; a session must belong to the host. */
  findActor(
    proof: Proof,
    host: string | undefined,
    address: string | undefined,
    purpose?: ProofPurpose,
    client?: string,
  ): Actor | undefined | Promise<Actor | undefined>
  /** Opens a child of the actor's console session for one app host; ends with its parent. Must run inside `ctx.tx`. */
  openAppSession(ctx: Ctx, host: string): Promise<AppSession>
  /** Ends one session and its children. Must run inside `ctx.tx`. */
  endSession(ctx: Ctx, sessionId: string): Promise<void>
  /** Current profile for identity headers; cached while nothing changed. */
  profile(accountId: string): Profile | undefined | Promise<Profile | undefined>
}
