import { createHash, randomBytes } from 'node:crypto'
import { type Ctx, systemRandom } from '#platform'
import { createHierarchy, type Hierarchy } from '../authorities/hierarchy.ts'
import type { LiveAuthority } from '../authorities/live-authority.ts'
import { ensureRoot } from '../authorities/root.ts'
import { insertCertificate, type NewCertificate } from '../issue/certificate-store.ts'
import { type Ground, testSettings } from '../testing.ts'

/** Authorities without the rest of the room. */
export async function startHierarchy({ ctx, database, keyring }: Ground): Promise<Hierarchy> {
  const parts = { keyring, random: systemRandom, settings: testSettings }
  await ensureRoot(ctx, parts)
  return createHierarchy(database, parts)
}

/** The authority of the line `clients`. */
export function clientsAuthority(ctx: Ctx, hierarchy: Hierarchy): Promise<LiveAuthority> {
  return ctx.tx((tx) => hierarchy.issuer(tx, 'clients'))
}

let made = 0

/** A row as issuing leaves it; nothing is signed, since nothing here reads the certificate itself. */
export async function issued(
  ctx: Ctx,
  authorityId: string,
  given: Partial<NewCertificate> = {},
): Promise<NewCertificate> {
  const certificate = randomBytes(300)
  const stored: NewCertificate = {
    id: `crt_${String(++made).padStart(8, '0')}`,
    authorityId,
    serial: `4${randomBytes(16).toString('hex').slice(1)}`,
    fingerprint: createHash('sha256').update(certificate).digest('hex'),
    profile: 'device',
    holderId: undefined,
    subject: 'sample',
    names: [],
    host: undefined,
    keyDigest: randomBytes(32).toString('hex'),
    notBefore: ctx.now - 3_600_000,
    notAfter: ctx.now + 365 * 86_400_000,
    certificate,
    sealedKey: undefined,
    renewedFrom: undefined,
    limits: undefined,
    label: undefined,
    askedBy: undefined,
    via: 'api',
    createdAt: ctx.now,
    revokedAt: undefined,
    revocationReason: undefined,
    ...given,
  }
  await ctx.tx((tx) => insertCertificate(tx.db, stored))
  return stored
}
