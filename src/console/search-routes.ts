import { z } from 'zod'
import { type Route, route } from '#platform'
import type { Console } from './console.ts'
import { searchQuery, searchResults } from './contract.ts'
import { searchDoors } from './doors.ts'
import { search } from './search.ts'
import { searchPage } from './views/search.ts'

/** Search across things, as a page and for the box above every page. */
export function searchRoutes(console: Console): readonly Route[] {
  return [
    route({
      ...searchDoors['GET /search'],
      query: z.object({ q: z.string().max(1024).default('') }),
      handler: async (ctx, { query: { q } }) => {
        const body = searchPage(q, await search(console, ctx, q))
        return { kind: 'page', page: { title: 'Search', body, section: '/search', frame: 'full' } }
      },
    }),
    route({
      ...searchDoors['GET /api/v1/search'],
      query: searchQuery,
      responses: { 200: searchResults },
      handler: async (ctx, { query: { q } }) => {
        const kinds = await search(console, ctx, q)
        const items = kinds.flatMap(({ title: kind, finds }) =>
          finds.map(({ title, note, href }) => ({ kind, title, note: note ?? null, href })),
        )
        return { kind: 'json', body: { items, next: null } }
      },
    }),
  ]
}
