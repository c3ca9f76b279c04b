import { closeness, contains, type Db, tables } from '#platform'
import { prefixKey } from './routing/place.ts'
import type { AccessRule, GatewayRoute, Timeouts } from './routing/table.ts'
import {
  type GivenSettings,
  type RouteSettings,
  settingsDefaults,
  unusual,
  withSettings,
} from './settings/route-settings.ts'

interface Tables {
  readonly gateway_routes: {
    readonly id: string
    readonly name: string
    readonly host: string
    readonly path_prefix: string
    readonly prefix_key: string
    readonly upstream: string
    readonly access: string
    readonly networks: string
    readonly timeouts: string
    readonly client_certificates: number
    readonly present_certificate: number
    readonly settings: string
    readonly created_at: number
    readonly updated_at: number
    readonly revision: number
    readonly removed_at: number | null
  }
}

type Row = Tables['gateway_routes']

/** As the database marks it; nobody else writes the mark. */
interface MarkedTables {
  readonly gateway_routes: Row & { readonly changed: number }
}

const standing = (db: Db) => tables<Tables>(db).selectFrom('gateway_routes').selectAll().where('removed_at', 'is', null)

export async function allRoutes(db: Db): Promise<readonly GatewayRoute[]> {
  return (await standing(db).execute()).map(routeOf)
}

/** Up to where changes of routes are seen: a later change stands at or after this mark, however long its transaction took. */
export async function changeMark(db: Db): Promise<number> {
  const queries = tables<MarkedTables>(db)
  const query =
    db.dialect === 'sqlite'
      ? queries.selectFrom('gateway_routes').select(({ fn }) => fn.max<number | null>('changed').as('mark'))
      : queries.selectNoFrom(({ fn }) => fn<number>('txid_snapshot_xmin', [fn('txid_current_snapshot')]).as('mark'))
  return (await query.executeTakeFirst())?.mark ?? 0
}

export interface RouteChanges {
  readonly standing: readonly GatewayRoute[]
  readonly removedIds: readonly string[]
}

/** What was changed or removed at a mark or after it; some of it was seen before. */
export async function changesSince(db: Db, mark: number): Promise<RouteChanges> {
  const query = tables<MarkedTables>(db).selectFrom('gateway_routes').selectAll().where('changed', '>=', mark)
  const rows = await query.execute()
  return {
    standing: rows.filter((row) => row.removed_at === null).map(routeOf),
    removedIds: rows.filter((row) => row.removed_at !== null).map(({ id }) => id),
  }
}

const searched = ['name', 'host', 'upstream']

/** By name, a page at a time; with a text, those that have it in name, host or app. */
export async function pageOfRoutes(
  db: Db,
  after: string | undefined,
  limit: number,
  text?: string,
  only?: readonly string[],
): Promise<readonly GatewayRoute[]> {
  let query = standing(db).orderBy('name').limit(limit)
  if (after !== undefined) query = query.where('name', '>', after)
  if (text !== undefined) query = query.where(contains(searched, text))
  if (only !== undefined) query = query.where('name', 'in', only)
  return (await query.execute()).map(routeOf)
}

/** Those with a text in name, host or app, the closest name first. */
export async function searchRoutes(db: Db, text: string, limit: number): Promise<readonly GatewayRoute[]> {
  const query = standing(db).where(contains(searched, text)).orderBy(closeness('name', text)).orderBy('name')
  return (await query.limit(limit).execute()).map(routeOf)
}

export async function findRoute(db: Db, name: string): Promise<GatewayRoute | undefined> {
  const row = await standing(db).where('name', '=', name).executeTakeFirst()
  return row === undefined ? undefined : routeOf(row)
}

/** Whether a route is or was called so. */
export async function isNameUsed(db: Db, name: string): Promise<boolean> {
  const query = tables<Tables>(db).selectFrom('gateway_routes').select('id').where('name', '=', name)
  return (await query.executeTakeFirst()) !== undefined
}

/** All with this path in any spelling of letters, whatever their methods and priority. */
export async function findRoutesAt(db: Db, host: string, path: string): Promise<readonly GatewayRoute[]> {
  const query = standing(db).where('host', '=', host).where('prefix_key', '=', prefixKey(path)).orderBy('name')
  return (await query.execute()).map(routeOf)
}

/** Names that were a route's and stay taken. */
export async function removedNames(db: Db): Promise<readonly string[]> {
  const query = tables<Tables>(db).selectFrom('gateway_routes').select('name').where('removed_at', 'is not', null)
  return (await query.execute()).map(({ name }) => name)
}

export async function insertRoute(db: Db, route: GatewayRoute): Promise<void> {
  await tables<Tables>(db)
    .insertInto('gateway_routes')
    .values({
      id: route.id,
      name: route.name,
      created_at: route.createdAt,
      removed_at: null,
      ...changing(route),
    })
    .execute()
}

/** Writes the route over the revision before it. False when somebody else was faster. */
export async function replaceRoute(db: Db, route: GatewayRoute): Promise<boolean> {
  const result = await tables<Tables>(db)
    .updateTable('gateway_routes')
    .set(changing(route))
    .where('id', '=', route.id)
    .where('revision', '=', route.revision - 1)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Leaves the name as a tombstone. False when the revision is not the current one. */
export async function removeRoute(db: Db, route: GatewayRoute, now: number): Promise<boolean> {
  const result = await tables<Tables>(db)
    .updateTable('gateway_routes')
    .set({ removed_at: now, updated_at: now, revision: route.revision + 1 })
    .where('id', '=', route.id)
    .where('revision', '=', route.revision)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

function changing(route: GatewayRoute) {
  return {
    host: route.host,
    path_prefix: route.path,
    prefix_key: prefixKey(route.path),
    upstream: route.upstreams.join('\n'),
    access: JSON.stringify(route.access),
    networks: JSON.stringify(route.networks),
    timeouts: JSON.stringify(route.timeouts),
    // what versions before authenticators read
    client_certificates: route.authenticators.includes('certificate') ? 1 : 0,
    present_certificate: route.presentCertificate ? 1 : 0,
    settings: JSON.stringify(unusual(route)),
    updated_at: route.updatedAt,
    revision: route.revision,
  }
}

function routeOf(row: Row): GatewayRoute {
  return {
    id: row.id,
    name: row.name,
    host: row.host,
    path: row.path_prefix,
    upstreams: row.upstream.split('\n'),
    access: JSON.parse(row.access) as AccessRule,
    networks: JSON.parse(row.networks) as readonly string[],
    // routes made before there were WebSockets do not say
    timeouts: { socketIdleMs: 600_000, ...(JSON.parse(row.timeouts) as Omit<Timeouts, 'socketIdleMs'>) },
    presentCertificate: row.present_certificate === 1,
    ...settingsIn(row),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    revision: row.revision,
  }
}

/** Routes made before there were authenticators say only whether a certificate counts, after the others. */
function settingsIn({ settings, client_certificates: byCertificate }: Row): RouteSettings {
  const given = JSON.parse(settings) as GivenSettings
  const read = withSettings(settingsDefaults, given)
  if (byCertificate === 0 || given.authenticators !== undefined) return read
  return { ...read, authenticators: [...settingsDefaults.authenticators, 'certificate'] }
}
