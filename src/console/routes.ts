import type { Route } from '#platform'
import type { Console } from './console.ts'
import { journalRoutes } from './journal-routes.ts'
import { overviewRoute } from './overview-route.ts'
import { publicRoutes } from './public-routes.ts'
import { searchRoutes } from './search-routes.ts'

/** Every page and answer of the console's own. */
export function consoleRoutes(console: Console): readonly Route[] {
  return [overviewRoute(console), ...searchRoutes(console), ...journalRoutes(console), ...publicRoutes(console)]
}
