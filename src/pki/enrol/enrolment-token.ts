import type { Actor } from '#kit'
import type { HolderKind } from '../issue/holders.ts'

/** Who made a token, with the limits of what they came through: asked again whenever it is used. */
export type Maker = Pick<Actor, 'principal' | 'credential' | 'app' | 'grant'>

export interface TokenHolder {
  readonly kind: HolderKind
  /** Of an account its handle when the token was made, of a device or service its name. */
  readonly name: string
  /** Of an account known from the start, of a device or service since the first use. */
  readonly id: string | undefined
}

/** The right to fetch certificates of one profile for one holder, a few times and not for long. */
export interface EnrolmentToken {
  /** `ent_…`; the secret is another. */
  readonly id: string
  readonly profile: string
  /** Whom the certificates speak for; `undefined` for servers. */
  readonly holder: TokenHolder | undefined
  /** Host names and addresses in the certificates. */
  readonly names: readonly string[]
  readonly uses: number
  readonly usesLeft: number
  /** CIDRs and `@named` networks it may be used from; none: from everywhere. */
  readonly networks: readonly string[]
  readonly label: string
  readonly maker: Maker
  readonly createdAt: number
  readonly endsAt: number
  readonly lastUsedAt: number | undefined
  readonly revokedAt: number | undefined
}

export type TokenState = 'open' | 'used' | 'ended' | 'revoked'

/** What it still is at that time. Revoked first: that is what somebody meant. */
export function tokenState(token: EnrolmentToken, now: number): TokenState {
  if (token.revokedAt !== undefined) return 'revoked'
  if (token.usesLeft <= 0) return 'used'
  return token.endsAt <= now ? 'ended' : 'open'
}
