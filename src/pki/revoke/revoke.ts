import type { AccessFace } from '#access'
import type { Ctx } from '#platform'
import { fail } from '../errors.ts'
import { findCertificate } from '../issue/certificate-store.ts'
import { certificateResource } from '../issue/resources.ts'
import type { RevocationReason } from './reasons.ts'
import { findFamily, findRevocable, markRevoked, type Revocable, standingOf } from './revocation-store.ts'

/** Told after every revocation: lists are made anew then, on one node. */
export const revokedEvent = 'pki.revoked'

/** What a revocation did. */
export interface Revoked {
  /** The certificate it was about, as it was before. */
  readonly certificate: Revocable
  /** Ids of all that are revoked by it, the certificate itself first; empty when nothing was left to do. */
  readonly ids: readonly string[]
}

/**
 * Revokes a certificate for good, effective at its next use everywhere, and with it whatever must not outlive it: all that
 * was renewed from it, unless it was only `superseded`; for `keyCompromise` also every certificate of the same key, and
 * that key is certified no more (`findCompromisedKey`). What was renewed from a compromised one counts as compromised:
 * whoever had the key could have renewed it.
 *
 * Revoking again changes nothing, except that a key's compromise may become known later. Joins the transaction of `ctx`.
 * Asks nobody's rank: who acts for somebody calls `revokeAs`.
 *
 * @throws GateError `pki.certificate-unknown`
 */
export function revoke(ctx: Ctx, id: string, reason: RevocationReason): Promise<Revoked> {
  return ctx.tx(async (tx) => {
    const found = await goingWith(tx, id, reason)
    const [certificate] = found
    if (certificate === undefined) throw fail('pki.certificate-unknown')
    return { certificate, ids: await revokeFound(tx, id, found, reason) }
  })
}

/**
 * Revokes, as `superseded`, a certificate that somebody puts another in the place of, and what was renewed from it. Unlike the
 * end of a renewal this may be because the key is in other hands, and whoever had it could have renewed it.
 *
 * @returns ids of all that are revoked by it, the certificate itself first
 * @throws GateError `access.outranked`
 */
export function supersedeAs(ctx: Ctx, access: AccessFace, id: string): Promise<readonly string[]> {
  return ctx.tx(async (tx) => {
    const found = await findFamily(tx.db, id, false)
    await requireOutranksHolders(tx, access, id, found)
    return revokeFound(tx, id, found, 'superseded')
  })
}

async function revokeFound(
  tx: Ctx,
  id: string,
  found: readonly Revocable[],
  reason: RevocationReason,
): Promise<readonly string[]> {
  const revoked = found.filter((one) => isChangedBy(one, reason))
  if (revoked.length === 0) return []
  await markRevoked(tx.db, revoked, reason, tx.now)
  await tx.emit(revokedEvent, { count: revoked.length })
  for (const one of revoked) await journal(tx, one, reason, one.id === id ? undefined : id)
  return revoked.map((one) => one.id)
}

/** What `revoke` would do: for the page that says so before it is done. */
export async function previewRevocation(ctx: Ctx, id: string, reason: RevocationReason): Promise<readonly Revocable[]> {
  return (await goingWith(ctx, id, reason)).filter((one) => isChangedBy(one, reason))
}

/**
 * The same for somebody, who must outrank everybody whose certificates it ends.
 *
 * @throws GateError `pki.certificate-unknown`, `access.outranked`
 */
export function revokeAs(ctx: Ctx, access: AccessFace, id: string, reason: RevocationReason): Promise<Revoked> {
  return ctx.tx(async (tx) => {
    await requireOutranksHolders(tx, access, id, await goingWith(tx, id, reason))
    return revoke(tx, id, reason)
  })
}

function requireOutranksHolders(tx: Ctx, access: AccessFace, id: string, found: readonly Revocable[]): Promise<void> {
  const holders = found.flatMap(({ holderId }) => holderId ?? [])
  return access.requireOutranksAll(tx, [...new Set(holders)], `certificates:revoke:${id}`)
}

/** Revokes all that speaks for a holder, whoever asks. @returns how many were revoked */
export function revokeAllOf(ctx: Ctx, holderId: string, reason: RevocationReason): Promise<number> {
  return inParts(ctx, holderId, (tx, id) => revoke(tx, id, reason))
}

/** The same for somebody. @throws GateError `access.outranked` */
export async function revokeAllAs(
  ctx: Ctx,
  access: AccessFace,
  holderId: string,
  reason: RevocationReason,
): Promise<number> {
  // where nothing stands too: the answer tells who is above, not what they have
  await ctx.tx((tx) => access.requireOutranksAll(tx, [holderId], 'certificates:revoke'))
  return inParts(ctx, holderId, (tx, id) => revokeAs(tx, access, id, reason))
}

/**
 * All that speaks for whoever asks, each permitted by its own decision.
 *
 * @returns how many were revoked
 * @throws GateError `access.refused`
 */
export async function revokeOwn(ctx: Ctx, access: AccessFace, reason: RevocationReason): Promise<number> {
  const owner = ctx.actor.principal.id
  // where there is none too: a credential that may not revoke is refused whatever its principal has
  const own = { type: 'Pki::Certificate', id: 'own', attributes: { profile: '' }, owner, revision: 0 }
  await access.require(ctx, 'certificates:revoke:own', own)
  return inParts(ctx, owner, async (tx, id) => {
    const record = await findCertificate(tx.db, id)
    await access.require(tx, `certificates:revoke:${id}`, record && certificateResource(record))
    return revokeAs(tx, access, id, reason)
  })
}

async function inParts(
  ctx: Ctx,
  holderId: string,
  revokeOne: (tx: Ctx, id: string) => Promise<Revoked>,
): Promise<number> {
  let count = 0
  // in parts, so that no transaction holds up the others for long; each part leaves fewer
  for (;;) {
    const part = await ctx.tx(async (tx) => {
      const ids: string[] = []
      for (const { id } of await standingOf(tx.db, holderId, tx.now, 100)) {
        ids.push(...(await revokeOne(tx, id)).ids)
      }
      return ids
    })
    count += part.length
    if (part.length === 0) return count
  }
}

async function goingWith(ctx: Ctx, id: string, reason: RevocationReason): Promise<readonly Revocable[]> {
  if (reason !== 'superseded') return findFamily(ctx.db, id, reason === 'keyCompromise')
  const alone = await findRevocable(ctx.db, id)
  return alone === undefined ? [] : [alone]
}

function isChangedBy(one: Revocable, reason: RevocationReason): boolean {
  return one.revokedAt === undefined || (reason === 'keyCompromise' && one.reason !== 'keyCompromise')
}

async function journal(tx: Ctx, one: Revocable, reason: RevocationReason, because: string | undefined): Promise<void> {
  await tx.audit({
    action: 'certificates.revoke',
    target: { type: 'certificates', id: one.id, name: one.name },
    detail: { serial: one.serial, reason, ...(because === undefined ? {} : { because }) },
  })
}
