import type { AnyRoute, Door, LateRoute, Route, RouteHead } from './route.ts'

/** `GET /accounts/{id}` */
type DoorName = `${RouteHead['method']} /${string}`

/**
 * What stands on a group of doors, by name. The module behind takes it from here, `route({ ...doors['GET /accounts'], … })`,
 * so that it is written once, and whoever may come in stands in one table.
 */
export function doors<const Name extends DoorName>(
  door: Door,
  table: Readonly<Record<Name, Omit<RouteHead, 'method' | 'path' | 'door'>>>,
): Readonly<Record<Name, RouteHead>> {
  const entries = Object.entries<Omit<RouteHead, 'method' | 'path' | 'door'>>(table)
  const heads = entries.map(([name, head]) => {
    const [method, path] = name.split(' ') as [RouteHead['method'], string]
    return [name, { ...head, method, path, door }]
  })
  return Object.fromEntries(heads) as Record<Name, RouteHead>
}

/**
 * Routes whose handlers, schemas and views are loaded with the first request that one of their doors lets in; the house
 * judges their doors at boot like all others. Requests that come while it loads wait for the one load. A load that fails
 * fails those requests, and the next one tries again.
 *
 * @param load answers a route for every door and none beside; anything else fails with a TypeError, for the door that was
 * judged must be the one that stands there
 */
export function lateRoutes(
  heads: Readonly<Record<string, RouteHead>>,
  load: () => Promise<readonly Route[]>,
): readonly LateRoute[] {
  let loading: Promise<ReadonlyMap<string, Route>> | undefined
  const loaded = () => {
    loading ??= behind(heads, load).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
  return Object.entries(heads).map(([name, head]) => ({
    ...head,
    whole: async () => {
      const route = (await loaded()).get(name)
      if (route === undefined) throw new TypeError(`nothing stands behind ${name}`)
      return route
    },
  }))
}

/** The route with what stands behind its door. */
export function wholeRoute(route: AnyRoute): Promise<Route> {
  return 'whole' in route ? route.whole() : Promise.resolve(route)
}

async function behind(
  heads: Readonly<Record<string, RouteHead>>,
  load: () => Promise<readonly Route[]>,
): Promise<ReadonlyMap<string, Route>> {
  const routes = new Map((await load()).map((route) => [`${route.method} ${route.path}`, route]))
  for (const [name, { door, access }] of routes) {
    const head = heads[name]
    if (head?.door !== door || head.access !== access) throw new TypeError(`${name} is not the door that was judged`)
  }
  const missing = Object.keys(heads).filter((name) => !routes.has(name))
  if (missing.length > 0) throw new TypeError(`nothing stands behind ${missing.join(', ')}`)
  return routes
}
