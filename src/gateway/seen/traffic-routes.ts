import { type AuditRecord, type Ctx, listAudit, type Route, route } from '#platform'
import type { AdminDeps } from '../admin/admin-deps.ts'
import { routeParams } from '../contract.ts'
import { getRoute } from '../published-routes.ts'
import { type GatewayRoute, permissionOf, resourceOf } from '../routing/table.ts'
import { trafficView } from './contract.ts'
import { trafficPage } from './traffic-page.ts'
import { trafficViews } from './traffic-view.ts'

/** Refusals shown of a route, and how far back they are looked for among those of routes that share its permission. */
const shown = 10
const lookedAt = 50

/** What passed through a route: API and page. */
export function trafficRoutes(deps: AdminDeps): readonly Route[] {
  const { traffic, kernel } = deps
  const view = trafficViews(traffic, kernel)
  return [
    route({
      method: 'GET',
      path: '/api/v1/routes/{name}/traffic',
      door: 'api',
      access: { permission: 'routes:read:{name}' },
      summary: 'Tell what passed through a route, and what was refused',
      params: routeParams,
      responses: { 200: trafficView },
      handler: async (ctx, { params }) => ({ kind: 'json', body: await view(await getRoute(ctx, params.name)) }),
    }),
    route({
      method: 'GET',
      path: '/routes/{name}/traffic',
      door: 'browser',
      access: { permission: 'routes:read:{name}' },
      params: routeParams,
      handler: async (ctx, { params }) => {
        const found = await getRoute(ctx, params.name)
        const refusals = await latestRefusals(deps, ctx, found)
        const body = trafficPage({ route: found, traffic: await view(found), refusals, now: ctx.now })
        return {
          kind: 'page',
          page: { title: `Traffic of ${found.name}`, body, section: '/routes', frame: 'full' },
        }
      },
    }),
  ]
}

/** From the journal, for those who may read it. */
async function latestRefusals(
  { access }: AdminDeps,
  ctx: Ctx,
  found: GatewayRoute,
): Promise<readonly AuditRecord[] | undefined> {
  const { allowed } = await access.decide(ctx.actor, 'audit:read', undefined, { now: ctx.now })
  if (!allowed) return undefined
  const { type: targetType, id: targetId } = resourceOf(found, permissionOf(found))
  const records = await listAudit(ctx.db, { targetType, targetId, outcome: 'refused' }, { limit: lookedAt })
  return records.filter(({ detail }) => detail?.['host'] === found.host).slice(0, shown)
}
