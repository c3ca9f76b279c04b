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
  /** Of a password that is known to have leaked: it opens nothing but its own change. */
  readonly leaked: Leaked | undefined
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

/** What is kept beside the hash of a password that was right and had leaked. */
export interface Leaked {
  /** Milliseconds since the epoch: when it was noticed. */
  readonly at: number
  /** Whether it has opened the one session it may, in which it is changed. */
  readonly signedIn: boolean
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
    leaked: undefined,
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
  const { id, accountId, kind, networks, regions, expiresAt, leaked } = credential
  const permissions = leaked === undefined ? credential.permissions : ownChange(accountId)
  return { id, kind, permissions, networks, regions, expiresAt }
}

/** The same of a row. */
export function lentBy(
  row: Pick<CredentialRow, 'permissions' | 'networks' | 'regions' | 'expires_at' | 'kind' | 'material'> & {
    readonly credential_id: string
    readonly account_id: string
  },
): ActorCredential {
  const limits = limitsOf(row)
  const permissions = leakedOf(row) === undefined ? limits.permissions : ownChange(row.account_id)
  return { id: row.credential_id, kind: row.kind, ...limits, permissions }
}

/** All that a leaked password is good for, whatever it was made for. */
function ownChange(accountId: string): readonly string[] {
  return [`credentials:change:${accountId}`]
}

export function leakedOf({ kind, material }: Pick<CredentialRow, 'kind' | 'material'>): Leaked | undefined {
  if (kind !== 'password' || material === null) return undefined
  return (JSON.parse(material) as { readonly leaked?: Leaked }).leaked
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
