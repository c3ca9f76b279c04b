import { type Db, fixedQuery, type Queries, tables } from '#platform'
import type { IdentityTables } from '../tables.ts'

export type PlaceKind = 'client' | 'region'

export interface Place {
  readonly kind: PlaceKind
  readonly place: string
  readonly lastAt: number
}

/** Where an account signed in from. */
export async function listPlaces(db: Db, accountId: string): Promise<readonly Place[]> {
  const { rows } = await placesOf(db, { accountId })
  return rows.map((row) => ({ kind: row.kind as PlaceKind, place: row.place, lastAt: row.last_at }))
}

const placesOf = fixedQuery((queries: Queries<IdentityTables>, { accountId }: { readonly accountId: string }) =>
  queries
    .selectFrom('identity_places')
    .select(['kind', 'place', 'last_at'])
    .where('account_id', '=', accountId)
    .orderBy('last_at', 'desc')
    .limit(1_000),
)

/** Remembers a place, or that it was used again. */
export async function keepPlace(
  db: Db,
  accountId: string,
  { kind, place }: Pick<Place, 'kind' | 'place'>,
  now: number,
): Promise<void> {
  await tables<IdentityTables>(db)
    .insertInto('identity_places')
    .values({ account_id: accountId, kind, place, first_at: now, last_at: now })
    .onConflict((conflict) => conflict.columns(['account_id', 'kind', 'place']).doUpdateSet({ last_at: now }))
    .execute()
}

/** Forgets places unused since `before`: from there is new again. */
export async function forgetPlaces(db: Db, before: number): Promise<void> {
  const rows = tables<IdentityTables>(db)
  await rows.deleteFrom('identity_places').where('last_at', '<', before).execute()
}
