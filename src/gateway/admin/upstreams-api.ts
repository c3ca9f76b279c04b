import { type Route, route } from '#platform'
import { routeParams, type UpstreamView, upstreamList } from '../contract.ts'
import { getRoute } from '../published-routes.ts'
import type { Balance } from '../upstreams/balance.ts'
import type { AdminDeps } from './admin-deps.ts'

/** `/api/v1/routes/{name}/upstreams`: how the addresses of an app are, as this node sees them. */
export function upstreamRoutes(deps: AdminDeps): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/routes/{name}/upstreams',
      door: 'api',
      access: { permission: 'routes:read:{name}' },
      summary: "See how a route's upstreams are, as the node that answers sees them",
      params: routeParams,
      responses: { 200: upstreamList },
      handler: async (ctx, { params }) => {
        const { id } = await getRoute(ctx, params.name)
        return { kind: 'json', body: { items: await upstreamsNow(deps, id) } }
      },
    }),
  ]
}

/** In the order of the route; empty for a route that this node does not know yet. */
export async function upstreamsNow({ live, kernel }: AdminDeps, id: string): Promise<readonly UpstreamView[]> {
  const found = (await live.current()).routes.find(id)
  return found === undefined ? [] : viewsOf(found.balance, kernel.clock.monotonic())
}

function viewsOf({ members, only }: Balance, now: number): readonly UpstreamView[] {
  return members.map(({ text, health, prober, inFlight, sockets }) => {
    const state = health.state(now)
    const last = prober?.last
    return {
      upstream: text,
      // the only one is asked all the same
      state: only !== undefined && (state === 'ejected' || state === 'trying') ? 'failing' : state,
      inFlight,
      sockets,
      restsForMs: only === undefined ? Math.round(health.restsFor(now)) : 0,
      lastFault: health.lastFault ?? null,
      checked: last === undefined ? null : { ...last, at: new Date(last.at).toISOString() },
    }
  })
}
