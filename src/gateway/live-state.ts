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
import { type SealedHeader, sealedHeadersOfMany } from './request/secret-store.ts'
import { allRoutes, changeMark, changesSince, type RouteChanges } from './route-store.ts'
import type { LiveRoute, Snapshot } from './routing/live-routes.ts'
import { LiveSet } from './routing/live-set.ts'
import { type GatewayRoute, permissionOf, resourceOf } from './routing/table.ts'

/** What live routes are made with. */
interface LiveParts {
  readonly kernel: Kernel
  readonly upstreams: Upstreams
  readonly authenticators: Authenticators
  /** Told of each route that is gone. */
  readonly removed: (id: string) => void
}

/**
 * Reads routes and keys into one snapshot; after the first only what has changed since `before`, whose set it changes. What
 * did not change is kept, with its prepared identities; only what lets nobody in is tried again.
 */
export function snapshotLoader(parts: LiveParts) {
  // a set whose change a fault in the program broke off: the next load begins anew
  let broken: LiveSet | undefined
  return async (db: Db, before: Snapshot | undefined): Promise<Snapshot> => {
    // before the rows: what commits in between is read now, and again next time
    const mark = await changeMark(db)
    // a mark that went back is another database's, put in the place of the one that was read
    const base = before !== undefined && before.mark <= mark && before.routes !== broken ? before : undefined
    const changes: RouteChanges =
      base === undefined ? { standing: await allRoutes(db), removedIds: [] } : await changesSince(db, base.mark)
    const known = base?.routes
    const renewed = changes.standing.filter((route) => known?.find(route.id)?.route.revision !== route.revision)
    const removed = new Set(changes.removedIds)
    const shut = [...(known?.closed ?? [])].flatMap(({ route }) => (removed.has(route.id) ? [] : [route]))
    const wanted = [...new Map([...shut, ...renewed].map((route) => [route.id, route])).values()]
    const sealed = await sealedHeadersOfMany(
      db,
      wanted.map(({ id }) => id),
    )
    const keys = await keysNow(parts, db, before)
    // from here on nothing waits and, but for a fault in the program, nothing fails after the first step
    const lives = wanted.map((route) => liveOf(parts, route, sealed.get(route.id) ?? []))
    if (known === undefined) return { routes: allAnew(parts, lives), mark, keys }
    broken = known
    change(parts, known, lives, changes.removedIds)
    broken = undefined
    return { routes: known, mark, keys }
  }
}

async function keysNow({ kernel }: LiveParts, db: Db, before: Snapshot | undefined): Promise<readonly SigningKey[]> {
  const opened = new Map(before?.keys.map((key) => [key.id, key]))
  return (await allKeys(db)).map((stored): SigningKey => opened.get(stored.id) ?? openKey(kernel.keyring, stored))
}

function allAnew({ authenticators, upstreams }: LiveParts, lives: readonly LiveRoute[]) {
  const routes = new LiveSet(authenticators)
  for (const live of lives) routes.put(live)
  upstreams.retain(lives.map(({ balance }) => balance))
  return routes
}

function change(
  { upstreams, removed }: LiveParts,
  routes: LiveSet,
  lives: readonly LiveRoute[],
  removedIds: readonly string[],
): void {
  // what stands at the mark itself may be gone already
  const left = removedIds.flatMap((id) => routes.remove(id) ?? [])
  const replaced = lives.flatMap((live) => routes.put(live) ?? [])
  upstreams.turnOver(
    lives.map(({ balance }) => balance),
    [...left, ...replaced].map(({ balance }) => balance),
  )
  for (const { route } of left) removed(route.id)
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
