import type { ActorCredential, CredentialLimits } from '#kit'
import type { CredentialRow } from '../tables.ts'
import type { CredentialKind } from './kinds.ts'

/** One way for an account to prove itself, without its secret. */
export interface Credential extends CredentialLimits {
  readonly id: string
  readonly accountId: string
  readonly kind: CredentialKind
  readonly label: string
  /** Asked for after a proof of another kind, at every sign-in. */
  readonly isSecond: boolean
  /** What a token's maker had proved when it was made; 1 for every other kind. */
  readonly factors: 1 | 2
  /** What others may know it by: a key's or certificate's SHA-256, a passkey's id. */
  readonly fingerprint: string | undefined
  readonly openedBy: string | undefined
  readonly createdAt: number
  /** When the secret was last set: a password's age. */
  readonly secretSetAt: number
  /** At most a minute behind. */
  readonly lastUsedAt: number | undefined
  readonly lastUsedAddress: string | undefined
  readonly lastUsedRegion: string | undefined
  readonly lastUsedClient: string | undefined
  readonly revokedAt: number | undefined
}

/** What makes a new one besides its secret. */
export type NewCredential = CredentialLimits &
  Pick<Credential, 'accountId' | 'kind' | 'label'> &
  Partial<Pick<Credential, 'isSecond' | 'factors' | 'fingerprint' | 'openedBy'>>

/** A credential as it begins: never used. */
export function newCredential(
  tx: { readonly now: number; newId(prefix: string): string },
  wanted: NewCredential,
): Credential {
  const { accountId, kind, label, permissions, networks, regions, expiresAt } = wanted
  return {
    id: tx.newId('crd'),
    accountId,
    kind,
    label,
    permissions,
    networks,
    regions,
    expiresAt,
    isSecond: wanted.isSecond ?? false,
    factors: wanted.factors ?? 1,
    fingerprint: wanted.fingerprint,
    openedBy: wanted.openedBy,
    createdAt: tx.now,
    secretSetAt: tx.now,
    lastUsedAt: undefined,
    lastUsedAddress: undefined,
    lastUsedRegion: undefined,
    lastUsedClient: undefined,
    revokedAt: undefined,
  }
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
