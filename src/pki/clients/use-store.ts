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
