import type { Ctx } from '#platform'
import { fail } from '../errors.ts'
import { fingerprintOf, serialRandom, signCertificate } from '../x509/certificate.ts'
import { crossCertificate } from './authority-profiles.ts'
import { allAuthorities, findActiveAuthority, type StoredAuthority, updateAuthority } from './authority-store.ts'
import { makeIntermediate } from './intermediate.ts'
import { isOwnLine, rootLine } from './lines.ts'
import { alone, type LiveAuthority, requireValid } from './live-authority.ts'
import { type AuthorityParts, addAuthority } from './root.ts'

/** What activating an authority did. */
export interface Rollover {
  readonly activated: StoredAuthority
  /** Who issued for the line until then. */
  readonly retired: StoredAuthority | undefined
  /** A root: those who trust only the one before it accept what is issued beneath it. */
  readonly crossCertified: boolean
}

/**
 * Hands a line over: the former issues no more, the next does, in the transaction of `tx`. A new root is certified by the
 * former one where that can be done.
 *
 * @throws GateError `pki.authority-not-valid`, `pki.authority-revoked`; `pki.authority-offline` for an intermediate
 */
export async function takeOver(
  tx: Ctx,
  parts: AuthorityParts,
  next: StoredAuthority,
  former: StoredAuthority | undefined,
): Promise<Rollover> {
  const live = alone(next, parts)
  await requireUsable(tx, parts, live)
  const cross = former === undefined || next.kind === 'intermediate' ? undefined : certified(tx, parts, live, former)
  // first the former: the database holds one active in a line at most
  if (former !== undefined) await updateAuthority(tx.db, former.id, { state: 'retired' })
  await updateAuthority(tx.db, next.id, {
    state: 'active',
    ...(cross === undefined ? {} : { crossCertificate: cross }),
  })
  await tx.audit({
    action: 'certificate-authorities.activate',
    target: { type: 'certificate-authorities', id: next.id, name: next.name },
    detail: {
      line: next.line,
      fingerprint: fingerprintOf(next.certificate),
      former: former?.id ?? null,
      crossCertified: cross !== undefined,
    },
  })
  return {
    activated: { ...next, state: 'active', crossCertificate: cross ?? next.crossCertificate },
    retired: former === undefined ? undefined : { ...former, state: 'retired' },
    crossCertified: cross !== undefined,
  }
}

/**
 * Who issues for a line after the one that does: its newest standby that can; else, for the lines Gatehouse needs itself,
 * a new one signed by the active root. Joins the transaction of `tx`.
 *
 * @param besides one that must not take over
 * @throws GateError `pki.line-needs-successor`; those of `makeIntermediate`
 */
export async function succeed(
  tx: Ctx,
  parts: AuthorityParts,
  line: string,
  former: StoredAuthority | undefined,
): Promise<StoredAuthority> {
  const standby = await findSuccessor(tx, parts, line)
  if (standby !== undefined) return (await takeOver(tx, parts, standby, former)).activated
  if (!isOwnLine(line)) throw fail('pki.line-needs-successor', { fields: { line } })
  const root = await findActiveAuthority(tx.db, rootLine)
  if (root === undefined) throw fail('pki.no-issuer', { fields: { line: rootLine } })
  const made = makeIntermediate(tx, parts, alone(root, parts), { line, state: 'active' })
  if (former !== undefined) await updateAuthority(tx.db, former.id, { state: 'retired' })
  await addAuthority(tx, made)
  return made
}

/** The newest standby of a line that could issue now. */
export async function findSuccessor(
  ctx: Ctx,
  parts: AuthorityParts,
  line: string,
): Promise<StoredAuthority | undefined> {
  const rows = await allAuthorities(ctx.db)
  return rows.findLast((row) => {
    if (row.line !== line || row.state !== 'standby' || row.revokedAt !== undefined) return false
    const { facts } = alone(row, parts)
    const parent = rows.find(({ id }) => id === row.parentId)
    const hasKey = row.kind === 'root' || row.sealedKey !== undefined
    return hasKey && ctx.now >= facts.notBefore && ctx.now < facts.notAfter && parent?.revokedAt === undefined
  })
}

async function requireUsable(tx: Ctx, parts: AuthorityParts, live: LiveAuthority): Promise<void> {
  requireValid(live, tx.now)
  const { stored } = live
  const above = (await allAuthorities(tx.db)).find(({ id }) => id === stored.parentId)
  const revoked = [stored, above].find((one) => one?.revokedAt !== undefined)
  if (revoked !== undefined) throw fail('pki.authority-revoked', { fields: { name: revoked.name } })
  if (above !== undefined) requireValid(alone(above, parts), tx.now)
  // opened before it is relied on; a root may stay where it is kept
  if (stored.kind === 'intermediate' || stored.sealedKey !== undefined) live.privateKey()
}

/** `undefined` where the former root's key is elsewhere, it is not valid now, or its path length leaves no room. */
function certified(
  tx: Ctx,
  { keyring, random, settings }: AuthorityParts,
  next: LiveAuthority,
  former: StoredAuthority,
): Uint8Array | undefined {
  const issuer = alone(former, { keyring })
  if (!canCertifyRoot(issuer, tx.now)) return undefined
  const fields = crossCertificate({
    now: tx.now,
    random: random.bytes(serialRandom),
    root: next.facts,
    issuer: issuer.facts,
    places: { distribution: settings.distribution(), issuerId: former.id },
  })
  return signCertificate(fields, issuer.privateKey())
}

/** Whether a root can certify the one after it, so that those who trust only it go on without a change. */
export function canCertifyRoot({ stored, facts, certificate }: LiveAuthority, now: number): boolean {
  const length = certificate.constraints?.pathLength
  return (
    stored.sealedKey !== undefined &&
    stored.revokedAt === undefined &&
    now >= facts.notBefore &&
    now < facts.notAfter &&
    // below it then stand the next root and an intermediate
    (length === undefined || length >= 2)
  )
}
