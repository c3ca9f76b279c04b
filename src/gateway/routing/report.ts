import type { AccessFace } from '#access'
import type { Ctx, Db, Log } from '#platform'
import { allRoutes, routesOfHost } from '../route-store.ts'
import type { FindingView, RouteReportView } from './contract.ts'
import { type Finding, findingsAbout, type PlacedRoute, reportOf } from './findings.ts'
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
  access: Pick<AccessFace, 'decide'>,
  ctx: Ctx,
  { host, name }: GatewayRoute,
): Promise<FindingView[]> {
  const { allowed } = await access.decide(ctx.actor, 'routes:read', undefined, { now: ctx.now })
  if (!allowed) return []
  const report = reportOf((await routesOfHost(ctx.db, host)).map(placed), Number.POSITIVE_INFINITY)
  return findingsAbout(report, new Set([name]))
    .slice(0, mostLogged)
    .map(viewOf)
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

/** A stored route as the report looks at it. */
export function placed({ name, host, path, exact, methods, priority, access, mode }: GatewayRoute): PlacedRoute {
  return {
    name,
    place: { host, path, exact, methods, priority },
    isPublic: access.kind === 'public',
    inShadow: mode === 'shadow',
  }
}

export function viewOf({ kind, level, route, others, text }: Finding): FindingView {
  return { kind, level, route, others: [...others], text }
}
