import { contains, type Db, tables } from '#platform'
import { holderOf, type StoredHolder } from '../issue/holder-store.ts'
import type { PkiTables } from '../tables.ts'

export interface HolderFilter {
  /** In name or title; lower case. */
  readonly text?: string | undefined
  readonly kind?: StoredHolder['kind'] | undefined
  /** No others than with these ids. */
  readonly only?: readonly string[] | undefined
}

/** By name, those that were not removed. @param after name and id of the last one already shown */
export async function listHolders(
  db: Db,
  { text, kind, only }: HolderFilter,
  after: { readonly name: string; readonly id: string } | undefined,
  limit: number,
): Promise<readonly StoredHolder[]> {
  let rows = tables<PkiTables>(db)
    .selectFrom('pki_holders')
    .selectAll()
    .where('removed_at', 'is', null)
    .orderBy('name')
    .orderBy('id')
    .limit(limit)
  if (text !== undefined) rows = rows.where(contains(['name', 'title'], text))
  if (kind !== undefined) rows = rows.where('kind', '=', kind)
  if (only !== undefined) rows = rows.where('id', 'in', only)
  if (after !== undefined) {
    const { name, id } = after
    rows = rows.where((eb) => eb.or([eb('name', '>', name), eb.and([eb('name', '=', name), eb('id', '>', id)])]))
  }
  return (await rows.execute()).map(holderOf)
}

/** In order of id, after the given one. */
export async function listHoldersInOrder(
  db: Db,
  after: string | undefined,
  limit: number,
): Promise<readonly StoredHolder[]> {
  let rows = tables<PkiTables>(db)
    .selectFrom('pki_holders')
    .selectAll()
    .where('removed_at', 'is', null)
    .orderBy('id')
    .limit(limit)
  if (after !== undefined) rows = rows.where('id', '>', after)
  return (await rows.execute()).map(holderOf)
}

/** What a holder's certificates amount to. */
export interface HolderSummary {
  /** How many stand. */
  readonly certificates: number
  /** When the last of these ends. */
  readonly endsAt: number | undefined
  readonly lastSeenAt: number | undefined
}

/** By id; whoever has none of either is left out. */
export async function summariesOf(
  db: Db,
  ids: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, HolderSummary>> {
  if (ids.length === 0) return new Map()
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_certificates as c')
    .leftJoin('pki_certificate_uses as u', 'u.certificate_id', 'c.id')
    .select(({ fn, eb }) => {
      const stands = eb.and([eb('c.revoked_at', 'is', null), eb('c.not_after', '>', now)])
      return [
        'c.holder_id',
        fn.count<number>(eb.case().when(stands).then(1).end()).as('standing'),
        fn.max<number | null>(eb.case().when(stands).then(eb.ref('c.not_after')).end()).as('ends'),
        fn.max<number | null>('u.seen_at').as('seen'),
      ]
    })
    .where('c.holder_id', 'in', ids)
    .groupBy('c.holder_id')
    .execute()
  return new Map(
    rows.map(({ holder_id, standing, ends, seen }) => [
      holder_id ?? '',
      { certificates: Number(standing), endsAt: ends ?? undefined, lastSeenAt: seen ?? undefined },
    ]),
  )
}

/** Enrolment tokens that would still fetch certificates for it. */
export async function countTokensFor(db: Db, { kind, name }: StoredHolder, now: number): Promise<number> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_enrolment_tokens')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('holder_kind', '=', kind)
    .where('holder_name', '=', name)
    .where('revoked_at', 'is', null)
    .where('uses_left', '>', 0)
    .where('ends_at', '>', now)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

export async function updateHolderTitle(db: Db, id: string, title: string): Promise<void> {
  await tables<PkiTables>(db)
    .updateTable('pki_holders')
    .set(({ eb }) => ({ title, revision: eb('revision', '+', 1) }))
    .where('id', '=', id)
    .execute()
}

/** Its name stays taken. */
export async function markHolderRemoved(db: Db, id: string, at: number): Promise<void> {
  await tables<PkiTables>(db).updateTable('pki_holders').set({ removed_at: at }).where('id', '=', id).execute()
}
