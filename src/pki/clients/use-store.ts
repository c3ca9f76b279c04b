import { type Db, tables } from '#platform'
import type { PkiTables } from '../tables.ts'

/** Moves the last use forward, never back. */
export async function noteCertificateUse(
  db: Db,
  certificateId: string,
  at: number,
  address: string | undefined,
): Promise<void> {
  const use = { seen_at: at, address: address ?? null }
  await tables<PkiTables>(db)
    .insertInto('pki_certificate_uses')
    .values({ certificate_id: certificateId, ...use })
    .onConflict((there) =>
      there.column('certificate_id').doUpdateSet(use).where('pki_certificate_uses.seen_at', '<', at),
    )
    .execute()
}

/** When and from where a certificate was last seen. */
export async function findCertificateUse(
  db: Db,
  id: string,
): Promise<{ readonly seenAt: number; readonly address: string | undefined } | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_certificate_uses')
    .selectAll()
    .where('certificate_id', '=', id)
    .executeTakeFirst()
  return row && { seenAt: row.seen_at, address: row.address ?? undefined }
}
