import { type Db, tables } from '#platform'
import type { PkiTables } from '../tables.ts'
import { reasonOf, type StatedReason } from './reasons.ts'

/** Which list of an authority: everything, what changed since an earlier complete one, or the part of one digit. */
export type Scope = 'complete' | 'delta' | (string & {})

/** One revocation, as it stands on lists. */
export interface ListedRevocation {
  readonly shard: string
  /** Lower-case hex. */
  readonly serial: string
  readonly revokedAt: number
  readonly reason: StatedReason
}

/** A list without its bytes. */
export interface ListHead {
  readonly authorityId: string
  readonly scope: Scope
  readonly number: number
  /** Of a delta: the number of the complete list it adds to. */
  readonly baseNumber: number | undefined
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly entries: number
}

/** A list as it is served. */
export interface StoredList extends ListHead {
  readonly der: Uint8Array
}

const headColumns = ['authority_id', 'scope', 'number', 'base_number', 'this_update', 'next_update', 'entries'] as const

const revocationColumns = ['shard', 'serial', 'revoked_at', 'reason'] as const

/** What no list has carried yet. */
export async function unlistedRevocations(db: Db, authorityId: string): Promise<readonly ListedRevocation[]> {
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_revocations')
    .select(revocationColumns)
    .where('authority_id', '=', authorityId)
    .where('listed_in', 'is', null)
    .execute()
  return rows.map(revocationOf)
}

/** All of one digit, in order of serial number. */
export async function revocationsOf(db: Db, authorityId: string, shard: string): Promise<readonly ListedRevocation[]> {
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_revocations')
    .select(revocationColumns)
    .where('authority_id', '=', authorityId)
    .where('shard', '=', shard)
    .orderBy('serial')
    .execute()
  return rows.map(revocationOf)
}

/** All of an authority, with the ends of the certificates. */
export async function revocationsOfAll(
  db: Db,
  authorityId: string,
): Promise<readonly (ListedRevocation & { readonly notAfter: number })[]> {
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_revocations')
    .select([...revocationColumns, 'not_after'])
    .where('authority_id', '=', authorityId)
    .execute()
  return rows.map((row) => ({ ...revocationOf(row), notAfter: row.not_after }))
}

/** What the complete list of that number did not carry, without what no list has carried yet. */
export async function revocationsSince(
  db: Db,
  authorityId: string,
  number: number,
): Promise<readonly ListedRevocation[]> {
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_revocations')
    .select(revocationColumns)
    .where('authority_id', '=', authorityId)
    .where('listed_in', '>', number)
    .execute()
  return rows.map(revocationOf)
}

/** Ids of authorities with revocations that no list has carried yet. */
export async function authoritiesWithUnlisted(db: Db): Promise<readonly string[]> {
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_revocations')
    .select('authority_id')
    .distinct()
    .where('listed_in', 'is', null)
    .execute()
  return rows.map(({ authority_id }) => authority_id)
}

/**
 * The next number of an authority's lists. Never one that was given before, on any node: it counts on from the last one,
 * and is at least the time in seconds, so that it goes on upwards when the database comes out of a backup too.
 */
export async function nextNumber(db: Db, authorityId: string, now: number): Promise<number> {
  const least = Math.floor(now / 1000)
  const row = await tables<PkiTables>(db)
    .insertInto('pki_revocation_numbers')
    .values({ authority_id: authorityId, number: least })
    .onConflict((conflict) =>
      conflict.column('authority_id').doUpdateSet((is) => ({
        number: is
          .case()
          .when('pki_revocation_numbers.number', '>=', least)
          .then(is('pki_revocation_numbers.number', '+', 1))
          .else(least)
          .end(),
      })),
    )
    .returning('number')
    .executeTakeFirstOrThrow()
  return row.number
}

/** The number given last, by lists made here or taken in. */
export async function findLastNumber(db: Db, authorityId: string): Promise<number | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_revocation_numbers')
    .select('number')
    .where('authority_id', '=', authorityId)
    .executeTakeFirst()
  return row?.number
}

/** The number of a list signed elsewhere: what is made here later goes on from it. */
export async function noteNumber(db: Db, authorityId: string, number: number): Promise<void> {
  await tables<PkiTables>(db)
    .insertInto('pki_revocation_numbers')
    .values({ authority_id: authorityId, number })
    .onConflict((conflict) => conflict.column('authority_id').doUpdateSet({ number }))
    .execute()
}

/** Every authority's lists, without their bytes. */
export async function allListHeads(db: Db): Promise<readonly ListHead[]> {
  const rows = await tables<PkiTables>(db).selectFrom('pki_revocation_lists').select(headColumns).execute()
  return rows.map(headOf)
}

/** Number of the list that is served now. */
export async function findListNumber(db: Db, authorityId: string, scope: Scope): Promise<number | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_revocation_lists')
    .select('number')
    .where('authority_id', '=', authorityId)
    .where('scope', '=', scope)
    .executeTakeFirst()
  return row?.number
}

/** The list that is served now, without its bytes. */
export async function findListHead(db: Db, authorityId: string, scope: Scope): Promise<ListHead | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_revocation_lists')
    .select(headColumns)
    .where('authority_id', '=', authorityId)
    .where('scope', '=', scope)
    .executeTakeFirst()
  return row && headOf(row)
}

/** Serves nothing of an authority but its complete list. */
export async function dropPartialLists(db: Db, authorityId: string): Promise<void> {
  await tables<PkiTables>(db)
    .deleteFrom('pki_revocation_lists')
    .where('authority_id', '=', authorityId)
    .where('scope', '<>', 'complete')
    .execute()
}

export async function findList(db: Db, authorityId: string, scope: Scope): Promise<StoredList | undefined> {
  const row = await tables<PkiTables>(db)
    .selectFrom('pki_revocation_lists')
    .select([...headColumns, 'list'])
    .where('authority_id', '=', authorityId)
    .where('scope', '=', scope)
    .executeTakeFirst()
  return row && { ...headOf(row), der: row.list }
}

/** Puts a list in the place of the one before it. */
export async function putList(db: Db, list: StoredList): Promise<void> {
  const row = {
    number: list.number,
    base_number: list.baseNumber ?? null,
    this_update: list.thisUpdate,
    next_update: list.nextUpdate,
    entries: list.entries,
    list: list.der,
  }
  await tables<PkiTables>(db)
    .insertInto('pki_revocation_lists')
    .values({ authority_id: list.authorityId, scope: list.scope, ...row })
    .onConflict((conflict) => conflict.columns(['authority_id', 'scope']).doUpdateSet(row))
    .execute()
}

/** Notes which lists are the first to carry these. */
export async function markListed(
  db: Db,
  authorityId: string,
  revocations: readonly ListedRevocation[],
  number: number,
): Promise<void> {
  for (const [shard, all] of Map.groupBy(revocations, (one) => one.shard)) {
    for (let from = 0; from < all.length; from += atOnce) {
      await tables<PkiTables>(db)
        .updateTable('pki_revocations')
        .set({ listed_in: number })
        .where('authority_id', '=', authorityId)
        .where('shard', '=', shard)
        .where(
          'serial',
          'in',
          all.slice(from, from + atOnce).map(({ serial }) => serial),
        )
        .execute()
    }
  }
}

/** Rows in one statement: far below what either database binds. */
const atOnce = 500

/** A complete list that deltas may add to. */
export interface Base {
  readonly number: number
  readonly madeAt: number
}

/** Oldest first: one a day, and few days. */
export async function basesOf(db: Db, authorityId: string): Promise<readonly Base[]> {
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_revocation_bases')
    .select(['number', 'made_at'])
    .where('authority_id', '=', authorityId)
    .orderBy('number')
    .execute()
  return rows.map(({ number, made_at }) => ({ number, madeAt: made_at }))
}

export async function addBase(db: Db, authorityId: string, base: Base): Promise<void> {
  await tables<PkiTables>(db)
    .insertInto('pki_revocation_bases')
    .values({ authority_id: authorityId, number: base.number, made_at: base.madeAt })
    .execute()
}

/** Forgets those before a number: nobody holds such a list any more. */
export async function dropBases(db: Db, authorityId: string, before: number): Promise<void> {
  await tables<PkiTables>(db)
    .deleteFrom('pki_revocation_bases')
    .where('authority_id', '=', authorityId)
    .where('number', '<', before)
    .execute()
}

/** Takes off what ended before `end`. @returns how many */
export async function dropEnded(db: Db, end: number): Promise<number> {
  const { numDeletedRows } = await tables<PkiTables>(db)
    .deleteFrom('pki_revocations')
    .where('not_after', '<', end)
    .where('listed_in', 'is not', null)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** Addresses that certificates name, the newest first; at most eight. */
export async function distributionAddresses(db: Db): Promise<readonly string[]> {
  const rows = await tables<PkiTables>(db)
    .selectFrom('pki_distributions')
    .select('address')
    .orderBy('since', 'desc')
    .orderBy('address')
    .limit(8)
    .execute()
  return rows.map(({ address }) => address)
}

export async function noteDistribution(db: Db, address: string, since: number): Promise<void> {
  await tables<PkiTables>(db)
    .insertInto('pki_distributions')
    .values({ address, since })
    .onConflict((conflict) => conflict.column('address').doUpdateSet({ since }))
    .execute()
}

function revocationOf(row: Pick<PkiTables['pki_revocations'], (typeof revocationColumns)[number]>): ListedRevocation {
  return { shard: row.shard, serial: row.serial, revokedAt: row.revoked_at, reason: reasonOf(row.reason) }
}

function headOf(row: Pick<PkiTables['pki_revocation_lists'], (typeof headColumns)[number]>): ListHead {
  return {
    authorityId: row.authority_id,
    scope: row.scope,
    number: row.number,
    baseNumber: row.base_number ?? undefined,
    thisUpdate: row.this_update,
    nextUpdate: row.next_update,
    entries: row.entries,
  }
}
