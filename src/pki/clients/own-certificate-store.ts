import { type Db, tables } from '#platform'
import { type CertificateRecord, findCertificate } from '../issue/certificate-store.ts'
import type { PkiTables } from '../tables.ts'

/** The certificate of a holder and profile that is valid at `now`, not revoked, has its key here, and ends last. */
export async function findOwnCertificate(
  db: Db,
  holderId: string,
  profile: string,
  now: number,
): Promise<{ readonly record: CertificateRecord; readonly sealedKey: Uint8Array } | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificates')
    .select(['id', 'sealed_key'])
    .where('holder_id', '=', holderId)
    .where('profile', '=', profile)
    .where('not_before', '<=', now)
    .where('not_after', '>', now)
    .where('revoked_at', 'is', null)
    .where('sealed_key', 'is not', null)
    .orderBy('not_after', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  const record = row === undefined ? undefined : await findCertificate(db, row.id)
  return row?.sealed_key == null || record === undefined ? undefined : { record, sealedKey: row.sealed_key }
}

/** Keeps the key of a certificate used here. @param sealedKey at `pki_certificates.sealed_key` */
export async function keepKey(db: Db, id: string, sealedKey: Uint8Array): Promise<void> {
  await tables<PkiTables>(db)
    .updateTable('pki_certificates')
    .set({ sealed_key: sealedKey })
    .where('id', '=', id)
    .execute()
}
