import type { ActorCredential, CredentialLimits } from '#kit'
import type { CredentialRow } from './tables.ts'

export type CredentialKind = 'password' | 'token'

/** One way for an account to prove itself, without its secret. */
export interface Credential extends CredentialLimits {
  readonly id: string
  readonly accountId: string
  readonly kind: CredentialKind
  readonly label: string
  readonly openedBy: string | undefined
  readonly createdAt: number
  /** When the secret was last set: a password's age. */
  readonly secretSetAt: number
  /** At most a minute behind. */
  readonly lastUsedAt: number | undefined
  readonly lastUsedAddress: string | undefined
  readonly revokedAt: number | undefined
}

/** The part of a credential that travels with everything it opens. */
export function actorCredential(credential: Credential): ActorCredential {
  const { id, kind, permissions, networks, regions, expiresAt } = credential
  return { id, kind, permissions, networks, regions, expiresAt }
}

/** Limits as this room wrote them; JSON.parse throws for a damaged row, which refuses the request. */
export function limitsOf(
  row: Pick<CredentialRow, 'permissions' | 'networks' | 'regions' | 'expires_at'>,
): CredentialLimits {
  return {
    permissions: JSON.parse(row.permissions) as readonly string[],
    networks: JSON.parse(row.networks) as CredentialLimits['networks'],
    regions: JSON.parse(row.regions) as readonly string[],
    expiresAt: row.expires_at ?? undefined,
  }
}
