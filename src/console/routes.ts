import { type AnyRoute, lateRoutes } from '#platform'
import type { Console } from './console.ts'
import { journalDoors, overviewDoors, searchDoors } from './doors.ts'
import { publicRoutes } from './public-routes.ts'

/** Every page and answer of the console's own. */
export function consoleRoutes(console: Console): readonly AnyRoute[] {
  return [
    ...lateRoutes(overviewDoors, async () => [(await import('./overview-route.ts')).overviewRoute(console)]),
    ...lateRoutes(searchDoors, async () => (await import('./search-routes.ts')).searchRoutes(console)),
    ...lateRoutes(journalDoors, async () => (await import('./journal-routes.ts')).journalRoutes(console)),
    ...publicRoutes(console),
  ]
}
