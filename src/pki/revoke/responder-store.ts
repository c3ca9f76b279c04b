import { type Db, tables } from '#platform'
import type { PkiTables } from '../tables.ts'

/** Of certificates that sign answers about other certificates. */
export const responderProfile = 'ocsp-responder'

export interface StoredResponder {
  readonly id: string
  readonly certificate: Uint8Array
  /** PKCS #8, sealed at `pki_certificates.sealed_key`. */
  readonly sealedKey: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
}

/** The certificate an authority's answers are signed with: valid at `now`, not revoked, and the one that ends last. */
export async function findResponder(db: Db, authorityId: string, now: number): Promise<StoredResponder | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select(['id', 'certificate', 'sealed_key', 'not_before', 'not_after'])
    .where('authority_id', '=', authorityId)
    .where('profile', '=', responderProfile)
    .where('sealed_key', 'is not', null)
    .where('revoked_at', 'is', null)
    .where('not_before', '<=', now)
    .where('not_after', '>', now)
    .orderBy('not_after', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row?.sealed_key == null) return undefined
  return {
    id: row.id,
    certificate: row.certificate,
    sealedKey: row.sealed_key,
    notBefore: row.not_before,
    notAfter: row.not_after,
  }
}
