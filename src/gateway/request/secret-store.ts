import { type Db, tables } from '#platform'

/** A header whose value is sealed. */
export interface SealedHeader {
  readonly routeId: string
  /** Lower case. */
  readonly name: string
  readonly sealed: Uint8Array
  readonly setAt: number
}

interface Tables {
  readonly gateway_secret_headers: {
    readonly route_id: string
    readonly name: string
    readonly sealed: Uint8Array
    readonly set_at: number
  }
}

/** At most so many routes are asked for by name; of more, everything is read. */
const mostNamed = 200

/** By route, of these at least. */
export async function sealedHeadersOfMany(
  db: Db,
  routeIds: readonly string[],
): Promise<ReadonlyMap<string, readonly SealedHeader[]>> {
  if (routeIds.length === 0) return new Map()
  const all = tables<Tables>(db).selectFrom('gateway_secret_headers').selectAll()
  const rows = await (routeIds.length > mostNamed ? all : all.where('route_id', 'in', routeIds)).execute()
  return Map.groupBy(rows.map(sealedOf), ({ routeId }) => routeId)
}

/** Of one route, by name. */
export async function sealedHeadersOf(db: Db, routeId: string): Promise<readonly SealedHeader[]> {
  const query = tables<Tables>(db).selectFrom('gateway_secret_headers').selectAll().where('route_id', '=', routeId)
  return (await query.orderBy('name').execute()).map(sealedOf)
}

/** Puts it in the place of one of the same name. */
export async function putSealedHeader(db: Db, { routeId, name, sealed, setAt }: SealedHeader): Promise<void> {
  const bytes = Buffer.from(sealed)
  await tables<Tables>(db)
    .insertInto('gateway_secret_headers')
    .values({ route_id: routeId, name, sealed: bytes, set_at: setAt })
    .onConflict((conflict) => conflict.columns(['route_id', 'name']).doUpdateSet({ sealed: bytes, set_at: setAt }))
    .execute()
}

/** False when there is none of that name. */
export async function removeSealedHeader(db: Db, routeId: string, name: string): Promise<boolean> {
  const result = await tables<Tables>(db)
    .deleteFrom('gateway_secret_headers')
    .where('route_id', '=', routeId)
    .where('name', '=', name)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

export async function removeSealedHeadersOf(db: Db, routeId: string): Promise<void> {
  await tables<Tables>(db).deleteFrom('gateway_secret_headers').where('route_id', '=', routeId).execute()
}

function sealedOf(row: Tables['gateway_secret_headers']): SealedHeader {
  return { routeId: row.route_id, name: row.name, sealed: row.sealed, setAt: row.set_at }
}
