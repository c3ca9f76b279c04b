import { type ActorCredential, type CredentialLimits, parseCidr, parsePattern } from '#kit'
import { type Ctx, type FieldFault, touch } from '#platform'
import { getAccount } from './accounts.ts'
import { findCredential, insertCredential, revokeCredentials } from './credential-store.ts'
import type { Credential } from './credentials.ts'
import { fail } from './errors.ts'
import type { Parts } from './parts.ts'
import { hashOfToken, newApiToken } from './token-format.ts'

export interface NewToken extends CredentialLimits {
  readonly label: string
}

export interface CreatedToken {
  /** Shown once, kept nowhere. */
  readonly token: string
  readonly credential: Credential
}

/**
 * Creates a token for the account that asks. It can do at most what the asking credential can: its permissions must be
 * held, and the limits of that credential (networks, regions, expiry) are carried over.
 *
 * @throws GateError `identity.needs-account`, `identity.invalid-token-limits`, `identity.wider-than-credential`,
 * `access.more-than-held`
 */
export async function createToken(parts: Parts, ctx: Ctx, wanted: NewToken): Promise<CreatedToken> {
  const { principal, credential: through } = ctx.actor
  if (principal.kind !== 'account' || through === undefined) throw fail('identity.needs-account')
  requireValidLimits(wanted, ctx.now)
  const limits = narrowedBy(wanted, through)
  return ctx.tx(async (tx) => {
    await parts.access.requireCoverage(tx, limits.permissions)
    return addToken(parts, tx, { accountId: principal.id, label: wanted.label, limits, openedBy: undefined })
  })
}

/**
 * Creates a token for any account. Whoever holds it acts as that account, within its permissions: they must be held by
 * who creates it. Exactly as wanted or not at all: a token that had to be narrowed is refused.
 *
 * @throws GateError `identity.no-such-account`, `identity.invalid-token-limits`, `identity.wider-than-credential`,
 * `access.more-than-held`
 */
export async function createTokenFor(
  parts: Parts,
  ctx: Ctx,
  accountId: string,
  wanted: NewToken,
): Promise<CreatedToken> {
  requireValidLimits(wanted, ctx.now)
  const { label, ...limits } = wanted
  if (ctx.actor.credential !== undefined) requireUnnarrowed(limits, narrowedBy(limits, ctx.actor.credential))
  return ctx.tx(async (tx) => {
    await getAccount(tx, accountId)
    await parts.access.requireCoverage(tx, limits.permissions)
    return addToken(parts, tx, { accountId, label, limits, openedBy: undefined })
  })
}

function requireUnnarrowed(wanted: CredentialLimits, narrowed: CredentialLimits): void {
  const limit = (['networks', 'regions', 'expiresAt'] as const).find(
    (name) => JSON.stringify(wanted[name]) !== JSON.stringify(narrowed[name]),
  )
  if (limit !== undefined) throw fail('identity.wider-than-credential', { fields: { limit } })
}

/** The transaction's part: a token row, its record, and the text to show once. */
export async function addToken(
  parts: Parts,
  tx: Ctx,
  wanted: {
    readonly accountId: string
    readonly label: string
    readonly limits: CredentialLimits
    readonly openedBy: string | undefined
  },
): Promise<CreatedToken> {
  const token = newApiToken(parts.kernel.random)
  const credential: Credential = {
    id: tx.newId('crd'),
    accountId: wanted.accountId,
    kind: 'token',
    label: wanted.label.trim(),
    permissions: wanted.limits.permissions,
    networks: wanted.limits.networks,
    regions: wanted.limits.regions,
    expiresAt: wanted.limits.expiresAt,
    openedBy: wanted.openedBy,
    createdAt: tx.now,
    secretSetAt: tx.now,
    lastUsedAt: undefined,
    lastUsedAddress: undefined,
    revokedAt: undefined,
  }
  await insertCredential(tx.db, credential, hashOfToken(token))
  await tx.audit({
    action: 'tokens.create',
    target: { type: 'token', id: credential.id, name: credential.label },
    detail: { account: wanted.accountId, permissions: credential.permissions, expiresAt: credential.expiresAt ?? null },
  })
  return { token, credential }
}

/** From commit on it proves nothing. @throws GateError `identity.no-such-token` */
export async function revokeToken(ctx: Ctx, id: string): Promise<void> {
  await ctx.tx(async (tx) => {
    const credential = await findCredential(tx.db, id)
    if (credential?.kind !== 'token' || (await revokeCredentials(tx.db, { id }, tx.now)) === 0) {
      throw fail('identity.no-such-token')
    }
    touch(tx.db, 'sessions')
    await tx.audit({ action: 'tokens.revoke', target: { type: 'token', id, name: credential.label } })
  })
}

/**
 * What was asked for, within what was come with. Lists of networks cannot be intersected in general, so a list that is
 * not simply narrower is refused rather than widened or guessed.
 *
 * @throws GateError `identity.wider-than-credential`
 */
export function narrowedBy(wanted: CredentialLimits, through: ActorCredential): CredentialLimits {
  return {
    permissions: wanted.permissions,
    networks: {
      allow: narrowList(wanted.networks.allow, through.networks.allow, 'networks'),
      deny: [...new Set([...through.networks.deny, ...wanted.networks.deny])],
    },
    regions: narrowList(wanted.regions, through.regions, 'regions'),
    expiresAt: earliest(wanted.expiresAt, through.expiresAt),
  }
}

function narrowList(wanted: readonly string[], through: readonly string[], limit: string): readonly string[] {
  if (through.length === 0) return wanted
  if (wanted.length === 0) return through
  if (wanted.every((one) => through.includes(one))) return wanted
  throw fail('identity.wider-than-credential', { fields: { limit } })
}

function earliest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.min(one, other)
}

function requireValidLimits(wanted: NewToken, now: number): void {
  const faults: FieldFault[] = []
  const check = (field: string, ok: boolean, message: string) => {
    if (!ok) faults.push({ field, message })
  }
  const label = wanted.label.trim()
  check('label', label.length >= 1 && label.length <= 100 && !/\p{Cc}/u.test(label), 'Use 1 to 100 characters.')
  check('permissions', wanted.permissions.length > 0, 'Name at least one permission.')
  for (const text of wanted.permissions) {
    check('permissions', parsePattern(text) !== undefined, `Not a permission: ${text.slice(0, 80)}`)
  }
  for (const text of [...wanted.networks.allow, ...wanted.networks.deny]) {
    const known = /^@[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$/.test(text) || parseCidr(text) !== undefined
    check('networks', known, `Not a network: ${text.slice(0, 80)}. Write 10.0.0.0/8, 2001:db8::/32 or @name.`)
  }
  for (const text of wanted.regions) {
    check('regions', /^[A-Z]{2}$/.test(text), `Not a country code: ${text.slice(0, 8)}`)
  }
  check('expiresAt', wanted.expiresAt === undefined || wanted.expiresAt > now, 'The expiry must lie in the future.')
  if (faults.length > 0) throw fail('identity.invalid-token-limits', { faults })
}
