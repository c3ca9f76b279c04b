import { type Db, type Kernel, originOf } from '#platform'
import { PreparedIdentities } from './assertion/identities.ts'
import { allKeys } from './assertion/key-store.ts'
import { openKey, type SigningKey } from './assertion/keys.ts'
import { rateRuleOf } from './defence/rate-rule.ts'
import { responseRules } from './defence/response-rules.ts'
import { sizesOf } from './defence/sizes.ts'
import { hstsValue, mayHaveHsts } from './defence/transport.ts'
import type { Authenticators } from './entry/authenticators.ts'
import { closedBy } from './entry/barriers.ts'
import type { Upstreams } from './proxy/upstreams.ts'
import { requestRulesOf } from './request/request-rules.ts'
import { openSecretHeaders } from './request/secret-headers.ts'
import { allSealedHeaders, type SealedHeader } from './request/secret-store.ts'
import { allRoutes } from './route-store.ts'
import type { LiveRoute, Snapshot } from './routing/live-routes.ts'
import { RouteTable } from './routing/route-table.ts'
import { type GatewayRoute, permissionOf, resourceOf } from './routing/table.ts'

/** What live routes are made with. */
interface LiveParts {
  readonly kernel: Kernel
  readonly upstreams: Upstreams
  readonly authenticators: Authenticators
}

/**
 * Reads routes and keys into one snapshot. What did not change since `before` is kept, with its prepared identities; only
 * what lets nobody in is tried again.
 */
export function snapshotLoader(parts: LiveParts) {
  const { kernel, upstreams, authenticators } = parts
  return async (db: Db, before: Snapshot | undefined): Promise<Snapshot> => {
    const routes = await allRoutes(db)
    const sealed = Map.groupBy(await allSealedHeaders(db), ({ routeId }) => routeId)
    const known = new Map(before?.routes.map((live) => [live.route.id, live]))
    const lives = routes.map((route) => {
      const old = known.get(route.id)
      const stands = old?.route.revision === route.revision && old.closed === undefined
      return stands ? old : liveOf(parts, route, sealed.get(route.id) ?? [])
    })
    const opened = new Map(before?.keys.map((key) => [key.id, key]))
    const keys = (await allKeys(db)).map(
      (stored): SigningKey => opened.get(stored.id) ?? openKey(kernel.keyring, stored),
    )
    const asking = new Set(
      routes.flatMap((route) => (authenticators.readCertificates(route.authenticators) ? [route.host] : [])),
    )
    const table = new RouteTable(lives, (live) => live.route)
    // last: when something fails above, `before` is served on, and needs what it leads to
    upstreams.retain(lives.map((live) => live.balance))
    return { routes: lives, asking, table, keys }
  }
}

function liveOf(
  { kernel, upstreams, authenticators }: LiveParts,
  route: GatewayRoute,
  sealed: readonly SealedHeader[],
): LiveRoute {
  const origin = originOf(kernel, route.host)
  const { host, port } = new URL(origin)
  const permission = permissionOf(route)
  const hsts = mayHaveHsts(route.host, port) ? hstsValue : undefined
  const resource = resourceOf(route, permission)
  const secrets = openSecretHeaders(kernel.keyring, sealed)
  const closed = closedBy(authenticators.unknownOf(route.authenticators), secrets.damaged)
  if (closed !== undefined) kernel.log.error({ route: route.name, cause: closed.reason }, 'a route lets nobody in')
  const told = requestRulesOf(route, secrets.values)
  const rules = responseRules(route, hsts)
  return {
    route,
    permission,
    resource,
    used: { type: resource.type, id: resource.id, name: route.name },
    origin,
    fixed: [
      'host',
      host,
      'x-forwarded-host',
      host,
      'x-forwarded-proto',
      'https',
      'x-forwarded-port',
      port === '' ? '443' : port,
      ...told.fixed,
    ],
    told,
    closed,
    entry: authenticators.entryOf(route.authenticators, route.access.kind === 'public'),
    balance: upstreams.balanceOf(route),
    responseRules: rules,
    sizes: sizesOf(route.limits),
    rate: route.limits.rate === null ? undefined : rateRuleOf(route.id, route.limits.rate),
    crossOrigins: rules.crossOrigins,
    prepared: new PreparedIdentities(),
  }
}
