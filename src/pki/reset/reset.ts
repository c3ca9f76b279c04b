import { X509Certificate } from 'node:crypto'
import { type Actor, limitsWithin, noLimits, throughOf } from '#kit'
import type { Ctx } from '#platform'
import { fail } from '../errors.ts'
import { holderAgain, orderAgain, requireReplaceable, requireSameNames } from '../issue/again.ts'
import { type CertificateRecord, titleOf } from '../issue/certificate-store.ts'
import type { ResetBody } from '../issue/contract.ts'
import { deliverKey } from '../issue/delivery.ts'
import { authorizeOrder, type IssueParts, issue, type JudgedOrder, judgeWanted } from '../issue/issue.ts'
import type { Filled } from '../issue/orders.ts'
import { getCertificate } from '../issue/record.ts'
import { supersedeAs } from '../revoke/revoke.ts'

export interface Reset extends Filled {
  /** Ids of all that are revoked by it, the certificate itself first. */
  readonly revoked: readonly string[]
}

/**
 * Another certificate, of another key, in the place of one that stands: holder, profile, names, label and limits stay, and so
 * does its end, unless the profile or the authority end it sooner by now. The one before, and what was renewed from it, is
 * revoked in the same transaction. For whoever may revoke it, which is decided at the door, and may issue what takes its place.
 *
 * @throws Refused without `certificate-profiles:issue:<profile>`; GateError `pki.certificate-unknown`, `pki.reset-refused`,
 * `pki.wider-than-credential`; those of `judgeOrder`, `authorizeOrder` and `issue`
 */
export async function resetCertificate(ctx: Ctx, parts: IssueParts, id: string, body: ResetBody): Promise<Reset> {
  const { access, random } = parts
  const before = await requireResettable(ctx, parts, id)
  const order = { ...(await orderAgain(ctx, parts, before, refused)), via: 'api', notAfter: before.notAfter } as const
  // before the transaction: a signature is verified, and the one writer must not wait for that
  const { judged, privateKey } = await judgeWanted(parts, order, body.request)
  requireSameNames(judged, before, refused)
  requireOtherKey(judged, before)
  const { issued, revoked } = await ctx.tx(async (tx) => {
    // read again: of two resets at once, or one beside a revocation, the second finds nothing that stands
    requireReplaceable(await getCertificate(tx, id), tx.now, refused)
    const holder = await holderAgain(tx, parts, before, refused)
    const authorized = await authorizeOrder(tx, access, { ...judged, holder })
    requireWithin(tx.actor, before)
    // first: what is renewed from it goes with it, and this one takes its place
    const revoked = await supersedeAs(tx, access, id)
    const issued = await issue(tx, parts, { ...authorized, limits: before.limits, notAfter: before.notAfter })
    await tx.audit({
      action: 'certificates.reset',
      target: { type: 'certificates', id, name: titleOf(before) },
      detail: { successor: issued.record.id, revoked: revoked.length },
    })
    return { issued, revoked }
  })
  const delivery = privateKey && (await deliverKey(issued, privateKey, body.pkcs12, random))
  return { ...issued, delivery, revoked }
}

/**
 * A certificate that the actor may have another issued for, as far as its profile goes.
 *
 * @throws Refused without `certificate-profiles:issue:<profile>`; GateError `pki.certificate-unknown`, `pki.reset-refused`
 */
export async function requireResettable(
  ctx: Ctx,
  { access }: Pick<IssueParts, 'access'>,
  id: string,
): Promise<CertificateRecord> {
  const record = await getCertificate(ctx, id)
  await access.require(ctx, `certificate-profiles:issue:${record.profile}`)
  requireReplaceable(record, ctx.now, refused)
  return record
}

/** The point of it: whoever has the key of before has nothing more. */
function requireOtherKey({ publicKey }: JudgedOrder, { certificate }: CertificateRecord): void {
  if (publicKey.key.equals(new X509Certificate(certificate).publicKey)) {
    throw refused('the request is for the key it has; make a new one')
  }
}

/**
 * The limits stay as they are, so what the actor came with must reach as far: narrowed to that they would be others. What they
 * permit is asked by `authorizeOrder`.
 *
 * @throws GateError `pki.wider-than-credential`
 */
function requireWithin(actor: Actor, { holderId, limits = noLimits, notAfter }: CertificateRecord): void {
  const through = holderId === undefined ? undefined : throughOf(actor)
  if (through === undefined) return
  if (!limitsWithin({ ...limits, permissions: [] }, through)) {
    throw fail('pki.wider-than-credential', { fields: { limit: 'networks or countries' } })
  }
  if ((through.expiresAt ?? Number.POSITIVE_INFINITY) < notAfter) {
    throw fail('pki.wider-than-credential', { fields: { limit: 'limits in time' } })
  }
}

function refused(why: string) {
  return fail('pki.reset-refused', { fields: { why } })
}
