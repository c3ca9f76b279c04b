import { type Ctx, GateError } from '#platform'
import type { CertificateRecord } from './certificate-store.ts'
import { getHolder, type Holder } from './holders.ts'
import type { IssueParts, JudgedOrder, Order } from './issue.ts'
import { getProfile } from './profiles.ts'

/** Makes the refusal of a clause that says why: a renewal and a reset are refused in words of their own. */
export type Refuse = (why: string) => GateError

/**
 * Nothing takes the place of a certificate that proves nothing any more, and nobody is handed a key in the place of one that is
 * kept here.
 *
 * @throws GateError what `refuse` makes
 */
export function requireReplaceable(
  { revokedAt, notAfter, via }: Pick<CertificateRecord, 'revokedAt' | 'notAfter' | 'via'>,
  now: number,
  refuse: Refuse,
): void {
  if (revokedAt !== undefined) throw refuse('it was revoked')
  if (notAfter <= now) throw refuse('it has ended')
  if (via === 'host') throw refuse('its key is kept by Gatehouse, which replaces it by itself')
}

/**
 * An order of what another certificate has: holder, profile as it is now, names, label, limits.
 *
 * @throws GateError what `refuse` makes
 */
export async function orderAgain(
  ctx: Ctx,
  parts: IssueParts,
  before: CertificateRecord,
  refuse: Refuse,
): Promise<Omit<Order, 'request' | 'via'>> {
  const profile = await getProfile(ctx, parts, before.profile).catch((error: unknown) => {
    if (error instanceof GateError && error.code === 'pki.no-such-profile') throw refuse('its profile was removed')
    throw error
  })
  return {
    profile,
    holder: await holderAgain(ctx, parts, before, refuse),
    hosts: before.names.filter((name) => !name.startsWith('spiffe://')),
    label: before.label,
    limits: before.limits,
    renewedFrom: before,
    notAfter: before.limits?.expiresAt,
  }
}

/** @throws GateError what `refuse` makes, when the holder was removed or may do nothing */
export async function holderAgain(
  ctx: Ctx,
  { access }: Pick<IssueParts, 'access'>,
  { holderId }: Pick<CertificateRecord, 'holderId'>,
  refuse: Refuse,
): Promise<Holder | undefined> {
  if (holderId === undefined) return undefined
  try {
    return await getHolder(ctx, access, holderId)
  } catch (error) {
    if (error instanceof GateError && error.code === 'pki.no-such-holder') throw refuse('nobody holds it any more')
    throw error
  }
}

/** @throws GateError what `refuse` makes, when the profile would name it otherwise than before */
export function requireSameNames({ subject, holder }: JudgedOrder, before: CertificateRecord, refuse: Refuse): void {
  const { commonName, hosts, uri } = subject
  const names = [...(uri === undefined ? [] : [uri]), ...hosts.map(({ text }) => text)]
  const isSame = (commonName ?? holder?.name ?? names[0] ?? '') === before.subject && sameTexts(names, before.names)
  if (!isSame) throw refuse('it would carry other names now than before; it has to be issued anew')
}

function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text) => other.includes(text))
}
