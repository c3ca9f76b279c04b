import { type Db, tables } from '#platform'
import type { PkiTables } from '../tables.ts'

/** When, from where and by which program a certificate was last used. */
export interface CertificateUse {
  readonly seenAt: number
  readonly address: string | undefined
  /** Country of the address. */
  readonly region: string | undefined
  /** The program, as it named itself. */
  readonly client: string | undefined
}

/** Moves the last use forward, never back. */
export async function noteCertificateUse(
  db: Db,
  certificateId: string,
  { seenAt, address, region, client }: CertificateUse,
): Promise<void> {
  const use = { seen_at: seenAt, address: address ?? null, region: region ?? null, client: client ?? null }
  await tables<PkiTables>(db)
    .insertInto('pki_certificate_uses')
    .values({ certificate_id: certificateId, ...use })
    .onConflict((there) =>
      there.column('certificate_id').doUpdateSet(use).where('pki_certificate_uses.seen_at', '<', seenAt),
    )
    .execute()
}

/** The last use of a certificate; `undefined` when it was never used. */
export async function findCertificateUse(db: Db, id: string): Promise<CertificateUse | undefined> {
  return (await findCertificateUses(db, [id])).get(id)
}

/** The last use of each of these; those never used are left out. */
export async function findCertificateUses(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, CertificateUse>> {
  if (ids.length === 0) return new Map()
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_certificate_uses')
    .selectAll()
    .where('certificate_id', 'in', ids)
    .execute()
  return new Map(rows.map((row) => [row.certificate_id, useOf(row)]))
}

function useOf(row: PkiTables['pki_certificate_uses']): CertificateUse {
  return {
    seenAt: row.seen_at,
    address: row.address ?? undefined,
    region: row.region ?? undefined,
    client: row.client ?? undefined,
  }
}
