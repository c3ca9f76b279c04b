import type { Ctx, FieldFault } from '#platform'
import type { Html, PageScript } from '#platform/ui'
import { certificateWay } from '../certificates/certificate-way.ts'
import { keyWay, sharedSecretWay } from '../keys/ways.ts'
import { recoveryWay, totpWay } from '../one-time-codes/code-ways.ts'
import type { Parts } from '../parts.ts'
import { passkeyWay } from '../passkeys/passkey-way.ts'
import { passwordWay } from '../passwords/password-way.ts'
import type { Credential } from './credential.ts'
import type { CredentialKind } from './kinds.ts'

/** What a form of one kind is drawn from. */
export interface WayView {
  /** The account's unrevoked ones of this kind, at least one. */
  readonly credentials: readonly Credential[]
  readonly handle: string
  /** On `/sign-in/second`: id of the half sign-in that it completes. */
  readonly signIn?: string
  /** Checked path of this origin where it goes on. */
  readonly to: string
  readonly faults: readonly FieldFault[]
}

/**
 * How one kind of credential shows itself on the pages all kinds share. A kind adds itself to `ways` and brings the routes
 * its paths name; nothing else has to know it.
 */
export interface Way {
  readonly kind: CredentialKind
  /** On the security page: `Add a passkey`, what it is good for, and the page that makes one. */
  readonly add?: {
    readonly text: string
    readonly hint: string
    readonly href: string
    /** What its page asks for, where that is more than to make a credential of one's own. */
    readonly permission?: string
  }
  /** What a new secret in the same limits is called; its page is `/credentials/{id}/reset/<kind>`. Absent: cannot be reset. */
  readonly reset?: string
  /** Scripts that its forms need. */
  readonly scripts?: readonly PageScript[]
  /** The form on `/account/prove`; it posts to `/account/prove/<kind>`, which ends in `provedReply`. */
  readonly again?: (parts: Parts, ctx: Ctx, view: WayView) => Html | Promise<Html>
  /** The form on `/sign-in/second`; it posts to `/sign-in/second/<kind>`. */
  readonly second?: (parts: Parts, ctx: Ctx, view: WayView) => Html | Promise<Html>
}

/** In the order pages offer them. */
export const ways: readonly Way[] = [
  passwordWay,
  passkeyWay,
  totpWay,
  keyWay,
  sharedSecretWay,
  recoveryWay,
  certificateWay,
]

export function wayOf(kind: CredentialKind): Way | undefined {
  return ways.find((way) => way.kind === kind)
}
