import type { SearchAction, SearchSource } from '#platform'
import { searchRoutes } from '../route-store.ts'

/** Routes by name, host or the app behind them. */
export const routeSearch: SearchSource = {
  title: 'Routes',
  order: 50,
  find: async (ctx, text, limit) => {
    const routes = await searchRoutes(ctx.db, text, limit)
    return routes.map(({ name, host, path }) => ({
      title: name,
      note: host + path,
      href: `/routes/${name}`,
    }))
  },
}

export const routeActions: readonly SearchAction[] = [{ title: 'Add a route', href: '/routes/new' }]
