import type { AccessFace } from '#access'
import { type AppLink, type Ctx, type Kernel, originOf, type SetupStep } from '#platform'
import { outsideOf } from '../entry/barriers.ts'
import { pageOfRoutes } from '../route-store.ts'
import { type GatewayRoute, isOpenable, permissionOf, resourceOf } from '../routing/table.ts'

/** More routes than an overview can show; who has them knows the addresses. */
const mostRoutes = 200

/** The apps a person may open, decided as the gate decides, from the address they come from now. */
export async function openApps(kernel: Kernel, access: AccessFace, ctx: Ctx): Promise<readonly AppLink[]> {
  const routes = await pageOfRoutes(ctx.db, undefined, mostRoutes)
  const allowed = await Promise.all(routes.map((route) => mayOpen(kernel, access, ctx, route)))
  return routes
    .filter((_, index) => allowed[index] === true)
    .map((route) => ({
      name: route.name,
      href: originOf(kernel, route.host) + route.path,
      note: route.host + (route.path === '/' ? '' : route.path),
    }))
}

async function mayOpen(
  kernel: Pick<Kernel, 'regions'>,
  access: AccessFace,
  ctx: Ctx,
  route: GatewayRoute,
): Promise<boolean> {
  if (!isOpenable(route)) return false
  if (route.mode === 'shadow') return true
  if ((await outsideOf({ access, kernel }, ctx.db, route, ctx.actor.address)) !== undefined) return false
  const permission = permissionOf(route)
  return (await access.decide(ctx.actor, permission, resourceOf(route, permission), { now: ctx.now })).allowed
}

export const addRoute: SetupStep = {
  title: 'Put an app behind the gate',
  text: 'An app you already run is then reached under a name of its own, only by those you let.',
  permission: 'routes:create',
  order: 10,
  action: { text: 'Add a route', href: '/routes/new' },
  command: 'gatehouse routes create blog --host blog.localhost --upstream http://127.0.0.1:3000',
  done: async (ctx) => (await pageOfRoutes(ctx.db, undefined, 1)).length > 0,
}
