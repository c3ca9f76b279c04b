import type { AccessFace } from '#access'
import type { Ctx, Db, Log } from '#platform'
import { allRoutes } from '../route-store.ts'
import type { FindingView, RouteReportView } from './contract.ts'
import { type Finding, placed, reportOf } from './findings.ts'
import type { LiveRoutes } from './live-routes.ts'
import type { GatewayRoute } from './table.ts'

/** How many findings the log gets at a start. */
const mostLogged = 20

/** The report on all routes. */
export async function routeReport(db: Db): Promise<RouteReportView> {
  const { findings, more } = reportOf((await allRoutes(db)).map(placed))
  return { items: findings.map(viewOf), more }
}

/** What is odd about one route beside the others of its host; nothing for who may not read all routes: it names them. */
export async function warningsFor(
  { access, live }: { readonly access: Pick<AccessFace, 'decide'>; readonly live: LiveRoutes },
  ctx: Ctx,
  route: GatewayRoute,
): Promise<FindingView[]> {
  const { allowed } = await access.decide(ctx.actor, 'routes:read', undefined, { now: ctx.now })
  if (!allowed) return []
  const { routes } = await live.current()
  return routes.findingsOf(route).slice(0, mostLogged).map(viewOf)
}

/** Says at a start what is odd about the routes, one line each and not too many. */
export async function logReport(db: Db, log: Pick<Log, 'warn'>): Promise<void> {
  const { items, more } = await routeReport(db)
  const told = items.filter(({ level }) => level !== 'note')
  for (const { kind, route, others, text } of told.slice(0, mostLogged))
    log.warn({ kind, route, others }, `route ${route}: ${text}`)
  const rest = told.length + more - mostLogged
  if (rest > 0) log.warn({ more: rest }, 'more is odd about the routes: "gatehouse routes check" lists it')
}

export function viewOf({ kind, level, route, others, text }: Finding): FindingView {
  return { kind, level, route, others: [...others], text }
}
