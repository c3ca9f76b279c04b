import type { AccessFace } from '#access'
import { type Actor, type ActorCredential, throughOf } from '#kit'
import type { Ctx } from '#platform'
import { fail as failPki } from '../errors.ts'
import { findHolderByName } from '../issue/holder-store.ts'
import { ensureHolder, type Holder, holderNameOf, isHolderName } from '../issue/holders.ts'
import { authorizeOrder, type IssueParts, judgeOwnKey } from '../issue/issue.ts'
import type { Profile } from '../issue/profile.ts'
import { getProfile } from '../issue/profiles.ts'
import { newP256Key } from '../new-key.ts'
import { enrolmentTokenLife, type NewEnrolmentTokenBody } from './contract.ts'
import type { EnrolmentToken, Maker, TokenHolder } from './enrolment-token.ts'
import { findEnrolmentToken, insertEnrolmentToken, markTokenRevoked } from './enrolment-token-store.ts'
import { fail } from './errors.ts'
import { hashOfToken, newTokenText } from './token-text.ts'

export interface CreatedEnrolmentToken {
  readonly token: EnrolmentToken
  /** `gen_…`: shown once, kept nowhere. */
  readonly secret: string
}

/** The permission a token hands on a little of. */
export function issuePermission(profile: string): string {
  return `certificate-profiles:issue:${profile}`
}

/**
 * Makes a token with which whoever holds its secret has certificates of one profile issued for one holder. Its maker must
 * be allowed to do that themselves, now and whenever it is used, and hold all that the holder holds: whoever has the
 * certificate can act as the holder.
 *
 * @throws Refused, GateError `pki.token-life-invalid`, and what would stand in the way of issuing such a certificate now
 */
export async function createEnrolmentToken(
  parts: IssueParts,
  ctx: Ctx,
  wanted: NewEnrolmentTokenBody,
): Promise<CreatedEnrolmentToken> {
  const maker = makerOf(ctx.actor)
  const endsAt = endOf(wanted, throughOf(ctx.actor), ctx.now)
  return ctx.tx(async (tx) => {
    await parts.access.require(tx, issuePermission(wanted.profile))
    const profile = await getProfile(tx, parts, wanted.profile)
    const token: EnrolmentToken = {
      id: tx.newId('ent'),
      profile: profile.name,
      holder: await trial(parts, tx, profile, wanted),
      names: wanted.names,
      uses: wanted.uses,
      usesLeft: wanted.uses,
      networks: wanted.networks,
      label: wanted.label,
      maker,
      createdAt: tx.now,
      endsAt,
      lastUsedAt: undefined,
      revokedAt: undefined,
    }
    const secret = newTokenText(parts.random)
    await insertEnrolmentToken(tx.db, token, hashOfToken(secret))
    await tx.audit({ action: 'enrolment-tokens.create', target: targetOf(token), detail: detailOf(token) })
    return { token, secret }
  })
}

/**
 * From commit on it fetches nothing; what was fetched with it stays.
 *
 * @throws GateError `pki.no-such-enrolment-token`, `access.outranked` by whom it is for
 */
export async function revokeEnrolmentToken(ctx: Ctx, access: AccessFace, id: string): Promise<void> {
  await ctx.tx(async (tx) => {
    const token = await getEnrolmentToken(tx, id)
    if (token.holder?.id !== undefined) {
      await access.requireOutranksAll(tx, [token.holder.id], `enrolment-tokens:revoke:${id}`)
    }
    if (await markTokenRevoked(tx.db, id, tx.now)) {
      await tx.audit({ action: 'enrolment-tokens.revoke', target: targetOf(token) })
    }
  })
}

/** @throws GateError `pki.no-such-enrolment-token` */
export async function getEnrolmentToken(ctx: Ctx, id: string): Promise<EnrolmentToken> {
  const token = await findEnrolmentToken(ctx.db, id)
  if (token === undefined) throw fail('pki.no-such-enrolment-token')
  return token
}

export function targetOf({ id, label }: EnrolmentToken) {
  return { type: 'enrolment-tokens', id, name: label }
}

/**
 * What a use would do, up to the signature, with a key that is thrown away: so that a token that could fetch nothing is not
 * made. A device or service that does not exist yet holds nothing, and is not made by a trial.
 */
async function trial(
  parts: IssueParts,
  tx: Ctx,
  profile: Profile,
  wanted: NewEnrolmentTokenBody,
): Promise<TokenHolder | undefined> {
  const order = { profile, hosts: wanted.names, via: 'est' } as const
  const named = holderNameOf(wanted)
  const { publicKey } = newP256Key()
  if (named === undefined) {
    judgeOwnKey(parts, { ...order, holder: undefined }, publicKey)
    return undefined
  }
  const { kind, name } = named
  if (kind !== 'account' && !isHolderName(name)) throw failPki('pki.holder-invalid')
  const isNew = kind !== 'account' && (await findHolderByName(tx.db, kind, name)) === undefined
  const holder: Holder = isNew ? { id: '', kind, name } : await ensureHolder(tx, parts.access, { kind, name })
  const judged = judgeOwnKey(parts, { ...order, holder }, publicKey)
  if (isNew) return { kind, name, id: undefined }
  await authorizeOrder(tx, parts.access, judged)
  return holder
}

/**
 * No place and no session: it is used elsewhere. The end of the credential ends the token and not what is fetched with it,
 * which lasts as long as its holder: devices must not stop because a sign-in of an operator's did.
 */
function makerOf(actor: Actor): Maker {
  const { principal, app, grant } = actor
  const credential = throughOf(actor)
  return {
    principal,
    ...(credential === undefined ? {} : { credential: { ...credential, expiresAt: undefined } }),
    ...(app === undefined ? {} : { app }),
    ...(grant === undefined ? {} : { grant }),
  }
}

function endOf({ endsAt }: NewEnrolmentTokenBody, credential: ActorCredential | undefined, now: number): number {
  const { usual, shortest, longest } = enrolmentTokenLife
  const wanted = endsAt === undefined ? now + usual : Date.parse(endsAt)
  if (wanted < now + shortest || wanted > now + longest) {
    const faults = [{ field: 'endsAt', message: 'a minute to 30 days from now' }]
    throw fail('pki.token-life-invalid', { faults })
  }
  return Math.min(wanted, credential?.expiresAt ?? wanted)
}

function detailOf({ profile, holder, names, uses, networks, endsAt }: EnrolmentToken) {
  const named = holder === undefined ? null : `${holder.kind} ${holder.name}`
  return { profile, holder: named, names, uses, networks, endsAt: new Date(endsAt).toISOString() }
}
