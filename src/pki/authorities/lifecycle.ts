import type { Ctx } from '#platform'
import { fail } from '../errors.ts'
import type { RevocationReason, StatedReason } from '../revoke/reasons.ts'
import { listRevocations } from '../revoke/revocation-store.ts'
import { fingerprintOf } from '../x509/certificate.ts'
import { readAuthorityCertificate } from './authority-certificate.ts'
import {
  allAuthorities,
  findActiveAuthority,
  findAuthority,
  type StoredAuthority,
  updateAuthority,
} from './authority-store.ts'
import { isOwnLine, rootLine } from './lines.ts'
import { alone } from './live-authority.ts'
import type { AuthorityParts } from './root.ts'
import { findSuccessor, type Rollover, succeed, takeOver } from './succession.ts'

/** @throws GateError `pki.authority-unknown` */
export async function getAuthority(ctx: Ctx, id: string): Promise<StoredAuthority> {
  const found = await findAuthority(ctx.db, id)
  if (found === undefined) throw fail('pki.authority-unknown')
  return found
}

/**
 * Rolls a line over to a standby, in one transaction: old or new issues, never neither.
 *
 * @throws GateError `pki.authority-unknown`, `pki.authority-state`, `pki.authority-revoked`, `pki.authority-not-valid`, `pki.authority-offline`
 */
export function activateAuthority(ctx: Ctx, parts: AuthorityParts, id: string): Promise<Rollover> {
  return ctx.tx(async (tx) => {
    const next = await getAuthority(tx, id)
    if (next.revokedAt !== undefined) throw fail('pki.authority-revoked', { fields: { name: next.name } })
    if (next.state !== 'standby') throw wrongState(next, 'Only a standby is activated; make one for the line.')
    return takeOver(tx, parts, next, await findActiveAuthority(tx.db, next.line))
  })
}

/** Who was retired or revoked, and who issues for its line instead. */
export interface Succession {
  readonly authority: StoredAuthority
  /** Absent: it did not issue, or its line is closed. */
  readonly successor: StoredAuthority | undefined
}

/**
 * Ends issuing; what was issued stays trusted. A standby of its line takes over in the same transaction; for the lines
 * Gatehouse needs itself one is made. A line of the operator's without a standby is closed.
 *
 * @throws GateError `pki.authority-unknown`, `pki.authority-state`, `pki.line-needs-successor` for a root
 */
export function retireAuthority(ctx: Ctx, parts: AuthorityParts, id: string): Promise<Succession> {
  return ctx.tx(async (tx) => {
    const found = await getAuthority(tx, id)
    if (found.state === 'retired') throw wrongState(found, 'It issues no more already.')
    const successor = await succeedWhenActive(tx, parts, found)
    if (successor === undefined) await updateAuthority(tx.db, id, { state: 'retired' })
    await tx.audit({
      action: 'certificate-authorities.retire',
      target: targetOf(found),
      detail: { line: found.line, successor: successor?.id ?? null },
    })
    return { authority: { ...found, state: 'retired' }, successor }
  })
}

/**
 * Revokes for good: from commit on whatever it issued is refused, on other nodes within a second, and its root's lists say
 * so. Who issues in its place takes over in the same transaction, as for `retireAuthority`. A root is revoked, which is no
 * longer being published as trusted, once nothing issues under it.
 *
 * @throws GateError `pki.authority-unknown`, `pki.authority-revoked`, `pki.authority-state`, `pki.authority-in-use`, `pki.line-needs-successor`
 */
export function revokeAuthority(
  ctx: Ctx,
  parts: AuthorityParts,
  id: string,
  reason: RevocationReason,
): Promise<Succession> {
  return ctx.tx(async (tx) => {
    const found = await getAuthority(tx, id)
    if (found.revokedAt !== undefined) throw fail('pki.authority-revoked', { fields: { name: found.name } })
    if (found.kind === 'root') await requireUnused(tx, found)
    const successor = found.kind === 'root' ? undefined : await succeedWhenActive(tx, parts, found)
    await updateAuthority(tx.db, id, { state: 'retired', revoked: { at: tx.now, reason } })
    await listOnRoots(tx, parts, found, reason)
    await tx.audit({
      action: 'certificate-authorities.revoke',
      target: targetOf(found),
      detail: {
        line: found.line,
        fingerprint: fingerprintOf(found.certificate),
        reason,
        successor: successor?.id ?? null,
      },
    })
    return {
      authority: { ...found, state: 'retired', revokedAt: tx.now, revocationReason: reason },
      successor,
    }
  })
}

async function succeedWhenActive(
  tx: Ctx,
  parts: AuthorityParts,
  found: StoredAuthority,
): Promise<StoredAuthority | undefined> {
  if (found.state !== 'active') return undefined
  if (!isOwnLine(found.line) && found.line !== rootLine && (await findSuccessor(tx, parts, found.line)) === undefined) {
    return undefined
  }
  return succeed(tx, parts, found.line, found)
}

async function requireUnused(tx: Ctx, root: StoredAuthority): Promise<void> {
  if (root.state === 'active') throw wrongState(root, 'Activate another root first.')
  const under = (await allAuthorities(tx.db)).filter(
    ({ parentId, state, revokedAt }) => parentId === root.id && state !== 'retired' && revokedAt === undefined,
  )
  if (under.length === 0) return
  const lines = [...new Set(under.map(({ line }) => line))].join(', ')
  throw fail('pki.authority-in-use', { fields: { name: root.name, lines } })
}

/** The list of who signed it names it, and for a root that of the former one which certified it. */
async function listOnRoots(
  tx: Ctx,
  parts: AuthorityParts,
  found: StoredAuthority,
  reason: RevocationReason,
): Promise<void> {
  const rows = await allAuthorities(tx.db)
  const stated: StatedReason = reason === 'keyCompromise' ? 'cACompromise' : reason
  const certificates = [
    ...(found.kind === 'intermediate' ? [alone(found, parts).certificate] : []),
    ...(found.crossCertificate === undefined ? [] : [readAuthorityCertificate(found.crossCertificate)]),
  ]
  const revocations = certificates.flatMap(({ serial, issuer, notAfter }) => {
    const signer = rows.find(({ id, subject }) => id !== found.id && Buffer.compare(subject, issuer) === 0)
    return signer === undefined ? [] : [{ authorityId: signer.id, serial, revokedAt: tx.now, reason: stated, notAfter }]
  })
  if (revocations.length > 0) await listRevocations(tx.db, revocations)
}

export function targetOf({ id, name }: Pick<StoredAuthority, 'id' | 'name'>) {
  return { type: 'certificate-authorities', id, name } as const
}

function wrongState({ name, state }: StoredAuthority, advice: string) {
  return fail('pki.authority-state', { fields: { name, state, advice } })
}
