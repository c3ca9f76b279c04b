import type { Listed } from '#access'
import type { Ctx } from '#platform'
import { pageOfRoutes } from '../route-store.ts'
import { type GatewayRoute, resourceOf } from '../routing/table.ts'
import type { AdminDeps } from './admin-deps.ts'

/** One page of the routes the caller may see, by name; for API and console alike. @throws GateError `platform.bad-cursor` */
export function listedRoutes(
  { access, kernel }: AdminDeps,
  ctx: Ctx,
  { q, ...asked }: { readonly limit: number; readonly cursor?: string | undefined; readonly q?: string | undefined },
): Promise<Listed<GatewayRoute>> {
  return access.list(ctx, {
    permission: 'routes:read',
    query: ['gateway', 'routes', 'name', ...(q === undefined ? [] : [q])],
    ...asked,
    keyring: kernel.keyring,
    read: (position, limit, only) =>
      pageOfRoutes(ctx.db, position === undefined ? undefined : String(position[0]), limit, q, only),
    thing: (route) => ({ id: route.name, resource: resourceOf(route) }),
    position: ({ name }) => [name],
  })
}
