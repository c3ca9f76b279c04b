import { createHash } from 'node:crypto'
import type { Ctx, Log } from '#platform'
import { fail } from '../errors.ts'
import { fingerprintOf } from '../x509/certificate.ts'
import { findActiveAuthority, type StoredAuthority, updateAuthority } from './authority-store.ts'
import { encryptPrivateKey } from './encrypted-key.ts'
import { readKey } from './imports.ts'
import { makeIntermediate } from './intermediate.ts'
import { requireKeyOf } from './judgement.ts'
import { getAuthority, targetOf } from './lifecycle.ts'
import { ownLines } from './lines.ts'
import { alone } from './live-authority.ts'
import { type AuthorityParts, addAuthority } from './root.ts'
import { sealKey } from './sealed-keys.ts'

/** A copy of a root's key, handed out once and stored nowhere here. */
export interface ExportedKey {
  readonly authority: StoredAuthority
  /** PKCS #8 in PEM, encrypted with the passphrase. */
  readonly pem: string
  /** SHA-256 of that text, lower-case hex: of the file it is written to. */
  readonly digest: string
}

/**
 * Hands out a root's private key, encrypted with the caller's passphrase, and writes that down loudly. The key stays here
 * until `disconnectKey`.
 *
 * @throws GateError `pki.authority-unknown`, `pki.not-a-root`, `pki.authority-offline`, `pki.authority-unusable`
 */
export async function exportRootKey(
  ctx: Ctx,
  parts: AuthorityParts & { readonly log: Log },
  id: string,
  passphrase: string,
): Promise<ExportedKey> {
  const key = alone(await getRoot(ctx, id), parts).privateKey()
  const pem = await encryptPrivateKey(key, passphrase, parts.random)
  const digest = createHash('sha256').update(pem).digest('hex')
  const authority = await ctx.tx(async (tx) => {
    const found = await getRoot(tx, id)
    if (found.sealedKey === undefined) throw fail('pki.authority-offline', { fields: { name: found.name } })
    await updateAuthority(tx.db, id, { exported: { at: tx.now, digest } })
    await tx.audit({
      action: 'certificate-authorities.export',
      target: targetOf(found),
      detail: { fingerprint: fingerprintOf(found.certificate), digest },
    })
    return { ...found, exported: { at: tx.now, digest } }
  })
  parts.log.warn({ authority: id, by: ctx.actor.principal.id }, 'a copy of the private key of a root was handed out')
  return { authority, pem, digest }
}

/**
 * Deletes a root's key here, once the copy handed out last is confirmed by its SHA-256. The lines Gatehouse needs itself
 * get their authority before, if they have none yet, so that they issue on without the root.
 *
 * @param digest SHA-256 of the exported file, hex
 * @throws GateError `pki.authority-unknown`, `pki.not-a-root`, `pki.authority-offline`, `pki.export-not-confirmed`
 */
export function disconnectKey(ctx: Ctx, parts: AuthorityParts, id: string, digest: string): Promise<StoredAuthority> {
  return ctx.tx(async (tx) => {
    const root = await getRoot(tx, id)
    if (root.sealedKey === undefined) throw fail('pki.authority-offline', { fields: { name: root.name } })
    if (root.exported?.digest !== digest.toLowerCase()) {
      throw fail('pki.export-not-confirmed', { fields: { name: root.name } })
    }
    if (root.state === 'active') await provideLines(tx, parts, root)
    await updateAuthority(tx.db, id, { sealedKey: undefined })
    await tx.audit({
      action: 'certificate-authorities.disconnect',
      target: targetOf(root),
      detail: { fingerprint: fingerprintOf(root.certificate), digest: root.exported.digest },
    })
    return { ...root, sealedKey: undefined }
  })
}

async function provideLines(tx: Ctx, parts: AuthorityParts, root: StoredAuthority): Promise<void> {
  for (const line of ownLines) {
    if ((await findActiveAuthority(tx.db, line)) !== undefined) continue
    await addAuthority(tx, makeIntermediate(tx, parts, alone(root, parts), { line, state: 'active' }))
  }
}

/**
 * Brings a root's key back.
 *
 * @throws GateError `pki.authority-unknown`, `pki.not-a-root`, `pki.authority-state` where it is here, `pki.import-refused`
 */
export async function reconnectKey(
  ctx: Ctx,
  parts: AuthorityParts,
  id: string,
  given: { readonly key: string; readonly passphrase?: string | undefined },
): Promise<StoredAuthority> {
  const key = await readKey(given.key, given.passphrase)
  return ctx.tx(async (tx) => {
    const root = await getRoot(tx, id)
    if (root.revokedAt !== undefined) throw fail('pki.authority-revoked', { fields: { name: root.name } })
    if (root.sealedKey !== undefined) {
      const fields = { name: root.name, state: 'online', advice: 'Its key is here.' }
      throw fail('pki.authority-state', { fields })
    }
    requireKeyOf(alone(root, parts).certificate, key)
    const sealedKey = sealKey(parts.keyring, 'pki_authorities', id, key)
    await updateAuthority(tx.db, id, { sealedKey })
    await tx.audit({
      action: 'certificate-authorities.reconnect',
      target: targetOf(root),
      detail: { fingerprint: fingerprintOf(root.certificate) },
    })
    return { ...root, sealedKey }
  })
}

async function getRoot(ctx: Ctx, id: string): Promise<StoredAuthority> {
  const found = await getAuthority(ctx, id)
  if (found.kind !== 'root') throw fail('pki.not-a-root', { fields: { name: found.name } })
  return found
}
