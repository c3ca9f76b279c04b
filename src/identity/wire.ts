import type { z } from 'zod'
import type { Actor } from '#kit'
import type { Account } from './account-store.ts'
import type { accountBody, credentialBody, sessionBody, tokenBody } from './contract.ts'
import type { Credential } from './credentials/credential.ts'
import type { Session } from './session-store.ts'

/** Milliseconds as RFC 3339. */
function instant(at: number): string {
  return new Date(at).toISOString()
}

export function accountOnWire(account: Account): z.infer<typeof accountBody> {
  return {
    id: account.id,
    handle: account.handle,
    displayName: account.displayName,
    email: account.email ?? null,
    emailVerifiedAt: account.emailVerifiedAt === undefined ? null : instant(account.emailVerifiedAt),
    state: account.state === 'active' || account.state === 'suspended' ? account.state : 'disabled',
    suspendedUntil: account.suspendedUntil === undefined ? null : instant(account.suspendedUntil),
    createdAt: instant(account.createdAt),
    updatedAt: instant(account.updatedAt),
  }
}

export function sessionOnWire(session: Session, current: string | undefined): z.infer<typeof sessionBody> {
  return {
    id: session.id,
    host: session.host ?? null,
    parentId: session.parentId ?? null,
    credentialId: session.credentialId,
    client: session.client,
    current: session.id === current,
    createdAt: instant(session.createdAt),
    createdAddress: session.createdAddress ?? null,
    lastSeenAt: instant(session.lastSeenAt),
    lastSeenAddress: session.lastSeenAddress ?? null,
    lastSeenRegion: session.lastSeenRegion ?? null,
    endsAt: instant(session.endsAt),
  }
}

/** @param actor who reads it */
export function credentialOnWire(credential: Credential, actor: Actor): z.infer<typeof credentialBody> {
  const own = [actor.credential, ...(actor.factors ?? [])]
  const { lastUsedAt, expiresAt, networks } = credential
  return {
    id: credential.id,
    kind: credential.kind,
    label: credential.label,
    permissions: [...credential.permissions],
    networks: { allow: [...networks.allow], deny: [...networks.deny] },
    regions: [...credential.regions],
    expiresAt: expiresAt === undefined ? null : instant(expiresAt),
    isSecond: credential.isSecond,
    current: own.some((one) => one?.id === credential.id),
    createdAt: instant(credential.createdAt),
    secretSetAt: instant(credential.secretSetAt),
    lastUsedAt: lastUsedAt === undefined ? null : instant(lastUsedAt),
    lastUsedAddress: credential.lastUsedAddress ?? null,
    lastUsedRegion: credential.lastUsedRegion ?? null,
    lastUsedClient: credential.lastUsedClient ?? null,
  }
}

export function tokenOnWire(token: Credential): z.infer<typeof tokenBody> {
  return {
    id: token.id,
    label: token.label,
    permissions: [...token.permissions],
    networks: { allow: [...token.networks.allow], deny: [...token.networks.deny] },
    regions: [...token.regions],
    expiresAt: token.expiresAt === undefined ? null : instant(token.expiresAt),
    createdAt: instant(token.createdAt),
    lastUsedAt: token.lastUsedAt === undefined ? null : instant(token.lastUsedAt),
    lastUsedAddress: token.lastUsedAddress ?? null,
    lastUsedRegion: token.lastUsedRegion ?? null,
    lastUsedClient: token.lastUsedClient ?? null,
  }
}
