import { type Ctx, GateError } from '#platform'
import { findCertificate } from '../issue/certificate-store.ts'
import { findHolderByName } from '../issue/holder-store.ts'
import { ensureHolder, getHolder, type Holder } from '../issue/holders.ts'
import {
  authorizeOrder,
  type IssuedCertificate,
  type IssueParts,
  issue,
  type JudgedOrder,
  judgeOrder,
} from '../issue/issue.ts'
import { profileHolders } from '../issue/profile.ts'
import { getProfile } from '../issue/profiles.ts'
import { digestOf } from '../x509/certificate.ts'
import { type EnrolmentToken, tokenState } from './enrolment-token.ts'
import { findEnrolledKey, findEnrolmentToken, insertEnrolment, takeUse } from './enrolment-token-store.ts'
import { issuePermission, targetOf } from './enrolment-tokens.ts'
import { enrolmentRefused } from './refusals.ts'
import {
  makerActor,
  overOrUsed,
  type ProofParts,
  requireAllowed,
  tokenActor,
  verifyTokenSecret,
} from './token-proof.ts'

export interface EnrolParts extends ProofParts {
  readonly issue: IssueParts
}

/** What is presented for a first certificate. */
export interface Enrolment {
  /** What came as `gen_…`. */
  readonly secret: string
  /** The label of the address; the token must be for it. `undefined`: whatever the token is for. */
  readonly profile: string | undefined
  /** PKCS #10 in base64 or PEM. */
  readonly request: string
}

/**
 * A certificate for whoever holds a token's secret and the key of the request. One use of the token and the certificate are
 * one transaction. Asked again with the same key, the same certificate is answered and no use is taken: the answer may
 * have been lost on its way.
 *
 * @throws GateError those of `verifyTokenSecret`, `requireAllowed`, `judgeOrder`, `authorizeOrder` and `issue`
 */
export async function enrol(parts: EnrolParts, ctx: Ctx, wanted: Enrolment): Promise<IssuedCertificate> {
  const token = await verifyTokenSecret(parts, ctx, wanted.secret)
  const acting = ctx.as(tokenActor(token, ctx.actor.address))
  return journalled(acting, issuePermission(token.profile), async () => {
    if (wanted.profile !== undefined && wanted.profile !== token.profile) {
      throw enrolmentRefused(`the token is for the profile ${token.profile}`)
    }
    const judged = await judge(parts, acting, token, wanted.request)
    return acting.tx((tx) => fetchWith(parts, tx, token.id, judged))
  })
}

/**
 * Another certificate for whoever has one already and may have certificates of the profile issued: for themselves, or of a
 * server for the hosts the request names.
 *
 * @param ctx acting as the holder, by the certificate that was shown, whose standing was looked up
 * @throws Refused without the permission; GateError those of `judgeOrder`, `authorizeOrder` and `issue`
 */
export async function enrolAsHolder(
  { issue: parts }: Pick<EnrolParts, 'issue'>,
  ctx: Ctx,
  wanted: { readonly profile: string; readonly request: string },
): Promise<IssuedCertificate> {
  const profile = await getProfile(ctx, parts, wanted.profile)
  await parts.access.require(ctx, issuePermission(profile.name))
  return journalled(ctx, issuePermission(profile.name), async () => {
    const isForHolder = profileHolders[profile.kind] !== undefined
    const holder = isForHolder ? await getHolder(ctx, parts.access, ctx.actor.principal.id) : undefined
    const judged = judgeOrder(parts, { profile, holder, request: wanted.request, via: 'est' })
    return ctx.tx(async (tx) => issue(tx, parts, await authorizeOrder(tx, parts.access, judged)))
  })
}

/** Runs it, and writes a refusal into the journal: who asked for what, and why not. */
export async function journalled<T>(ctx: Ctx, permission: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GateError && error.status < 500) {
      const reason = `${error.title}: ${error.detail}`
      ctx.refused({
        permission,
        decision: { allowed: false, step: 'credential', code: error.code, reason, policies: [] },
      })
    }
    throw error
  }
}

/** Outside the transaction: a signature is verified, and one writer must not wait for that. */
async function judge(parts: EnrolParts, ctx: Ctx, token: EnrolmentToken, request: string): Promise<JudgedOrder> {
  const profile = await getProfile(ctx, parts.issue, token.profile)
  // one that comes into being with this certificate has no id yet, and none is needed to judge
  const holder = (await findTokenHolder(ctx, parts, token)) ?? (token.holder && { ...token.holder, id: '' })
  const order = { profile, holder, hosts: token.names, request, via: 'est', label: token.label } as const
  return judgeOrder(parts.issue, order)
}

async function findTokenHolder(ctx: Ctx, { access }: EnrolParts, { holder }: EnrolmentToken) {
  if (holder === undefined) return undefined
  const { kind, name, id } = holder
  if (kind === 'account') return ensureHolder(ctx, access, { kind, name: id ?? name })
  const isKnown = (await findHolderByName(ctx.db, kind, name)) !== undefined
  return isKnown ? ensureHolder(ctx, access, { kind, name }) : undefined
}

async function fetchWith(parts: EnrolParts, tx: Ctx, tokenId: string, judged: JudgedOrder): Promise<IssuedCertificate> {
  // read again: what was true of it before the transaction need not be now
  const token = await findEnrolmentToken(tx.db, tokenId)
  if (token === undefined) throw new TypeError('an enrolment token vanished')
  const state = tokenState(token, tx.now)
  if (state === 'ended' || state === 'revoked') throw overOrUsed(state)
  await requireAllowed(parts, tx, token)
  const keyDigest = digestOf(judged.publicKey.spki)
  const again = await findEnrolledKey(tx.db, token.id, keyDigest)
  if (again !== undefined) return repeated(parts.issue, tx, again)
  const holder = await holderOf(tx, parts, token)
  if (!(await takeUse(tx.db, token.id, holder?.id, tx.now))) throw overOrUsed('used')
  const asMaker = tx.as(makerActor(token, tx.actor.address))
  const order = await authorizeOrder(asMaker, parts.access, { ...judged, holder })
  const issued = await issue(tx, parts.issue, order)
  await insertEnrolment(tx.db, issued.record.id, token.id, tx.now)
  const detail = { certificate: issued.record.id, usesLeft: token.usesLeft - 1 }
  await tx.audit({ action: 'enrolment-tokens.use', target: targetOf(token), detail })
  return issued
}

async function holderOf(tx: Ctx, parts: EnrolParts, token: EnrolmentToken): Promise<Holder | undefined> {
  const found = await findTokenHolder(tx, parts, token)
  if (found !== undefined || token.holder === undefined) return found
  const { kind, name } = token.holder
  return ensureHolder(tx, parts.access, { kind, name })
}

/** The certificate that was answered before, unless it is none any more. @throws GateError `pki.enrolment-refused` */
export async function repeated(parts: IssueParts, tx: Ctx, id: string): Promise<IssuedCertificate> {
  const record = await findCertificate(tx.db, id)
  const issuer = record && (await parts.hierarchy.find(tx, record.authorityId))
  if (record === undefined || issuer === undefined) throw new TypeError('an issued certificate vanished')
  if (record.revokedAt !== undefined || record.notAfter <= tx.now) {
    throw enrolmentRefused(
      'a certificate for this key was issued before, and it has ended or was revoked; make a new key',
    )
  }
  return { record, issuer }
}
