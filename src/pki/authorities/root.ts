import type { Ctx, Keyring, Random } from '#platform'
import type { PkiSettings } from '../config.ts'
import type { NewKey } from '../new-key.ts'
import { distinguishedName, fingerprintOf, serialRandom, signCertificate } from '../x509/certificate.ts'
import { keyIdentifier } from '../x509/extensions.ts'
import { rootCertificate } from './authority-profiles.ts'
import { findActiveAuthority, insertAuthority, type StoredAuthority } from './authority-store.ts'
import { rootLine } from './lines.ts'
import { newSealedKey, sealKey } from './sealed-keys.ts'

/** What authorities are made with. */
export interface AuthorityParts {
  readonly keyring: Keyring
  readonly random: Random
  readonly settings: PkiSettings
}

/** The active root, made when there is none. Nodes that start at once meet in the database and end up with the same one. */
export async function ensureRoot(ctx: Ctx, parts: AuthorityParts): Promise<StoredAuthority> {
  return (await findActiveAuthority(ctx.db, rootLine)) ?? createRoot(ctx, parts)
}

function createRoot(ctx: Ctx, parts: AuthorityParts): Promise<StoredAuthority> {
  const made = makeRoot(ctx, parts, 'active')
  return ctx.tx(async (tx) => {
    const found = await findActiveAuthority(tx.db, rootLine)
    if (found !== undefined) return found
    await addAuthority(tx, made)
    return made
  })
}

/** Stores a new authority and says so in the journal. Must run inside `ctx.tx`. */
export async function addAuthority(tx: Ctx, made: StoredAuthority): Promise<void> {
  await insertAuthority(tx.db, made)
  await tx.audit({
    action: 'certificate-authorities.create',
    target: { type: 'certificate-authorities', id: made.id, name: made.name },
    detail: { line: made.line, state: made.state, fingerprint: fingerprintOf(made.certificate) },
  })
}

/** A self-signed root; stores nothing. @param key absent: a fresh P-256 key */
export function makeRoot(
  ctx: Ctx,
  { keyring, random }: AuthorityParts,
  state: StoredAuthority['state'],
  key?: NewKey,
): StoredAuthority {
  const id = ctx.newId('ca')
  const { publicKey, privateKey, sealed } =
    key === undefined
      ? newSealedKey(keyring, 'pki_authorities', id)
      : { ...key, sealed: sealKey(keyring, 'pki_authorities', id, key.privateKey) }
  const name = authorityName('root', keyIdentifier(publicKey))
  const subject = authoritySubject(name)
  const fields = rootCertificate({ publicKey, now: ctx.now, random: random.bytes(serialRandom), subject })
  return {
    id,
    kind: 'root',
    line: rootLine,
    state,
    name,
    subject,
    certificate: signCertificate(fields, privateKey),
    crossCertificate: undefined,
    parentId: undefined,
    sealedKey: sealed,
    createdAt: ctx.now,
    revokedAt: undefined,
    revocationReason: undefined,
    exported: undefined,
  }
}

/** Part of the key's identifier in the name tells the authorities of two installations, and of two years, apart in a list. */
export function authorityName(line: string, keyId: Uint8Array): string {
  return `Gatehouse ${line} ${Buffer.from(keyId).toString('hex').slice(0, 8)}`
}

export function authoritySubject(name: string): Uint8Array {
  return distinguishedName([
    ['organizationName', 'Gatehouse'],
    ['commonName', name],
  ])
}
