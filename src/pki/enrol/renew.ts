import type { Ctx } from '#platform'
import { holderAgain, orderAgain, requireReplaceable, requireSameNames } from '../issue/again.ts'
import { type CertificateRecord, findCertificate } from '../issue/certificate-store.ts'
import { type IssuedCertificate, type IssueParts, issue, type JudgedOrder, judgeOrder } from '../issue/issue.ts'
import { digestOf } from '../x509/certificate.ts'
import { journalled, repeated } from './enrol.ts'
import { findRenewalFor } from './enrolment-token-store.ts'
import { issuePermission } from './enrolment-tokens.ts'
import { renewalRefused as refused } from './refusals.ts'

/** What is asked with a present certificate. */
export interface Renewal {
  /** The certificate shown in the handshake: it, and no other, is renewed. */
  readonly certificateId: string
  /** The label of the address; the certificate must be of it. `undefined`: whatever it is of. */
  readonly profile: string | undefined
  readonly request: string
}

/**
 * A certificate in place of the one that was shown: for the same holder, of the same profile, with the same subject, names
 * and limits; only the key may be new. What a request asks for beyond is refused. Asked again with the same key, the same
 * certificate is answered.
 *
 * @param ctx acting as the holder, by the certificate that was shown, whose standing was looked up
 * @throws GateError `pki.renewal-refused`; those of `judgeOrder` and `issue`
 */
export function renewCertificate(parts: IssueParts, ctx: Ctx, wanted: Renewal): Promise<IssuedCertificate> {
  return journalled(ctx, issuePermission(wanted.profile ?? '*'), async () => {
    const before = await findRenewable(ctx, wanted.certificateId)
    if (wanted.profile !== undefined && wanted.profile !== before.profile) {
      throw refused(`the certificate is of the profile ${before.profile}`)
    }
    const judged = await judgeAgain(parts, ctx, before, wanted.request)
    return ctx.tx(async (tx) => {
      // a revocation that commits before this transaction is seen by it, and the transaction does not commit beside one
      await findRenewable(tx, before.id)
      await holderAgain(tx, parts, before, refused)
      const again = await findRenewalFor(tx.db, before.id, digestOf(judged.publicKey.spki))
      return again === undefined ? issue(tx, parts, judged) : repeated(parts, tx, again)
    })
  })
}

/** @throws GateError `pki.renewal-refused` */
async function findRenewable(ctx: Ctx, id: string): Promise<CertificateRecord> {
  const record = await findCertificate(ctx.db, id)
  if (record === undefined) throw refused('it was not issued here')
  requireReplaceable(record, ctx.now, refused)
  return record
}

async function judgeAgain(
  parts: IssueParts,
  ctx: Ctx,
  before: CertificateRecord,
  request: string,
): Promise<JudgedOrder> {
  const judged = judgeOrder(parts, { ...(await orderAgain(ctx, parts, before, refused)), request, via: 'est' })
  requireSameNames(judged, before, refused)
  return judged
}
