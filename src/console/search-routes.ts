import { z } from 'zod'
import { type Route, route } from '#platform'
import type { Console } from './console.ts'
import { searchQuery, searchResults } from './contract.ts'
import { search } from './search.ts'
import { searchPage } from './views/search.ts'

const access = {
  signedIn: 'searches for whoever asks; of everything found it shows what they could open, each asked for by itself',
} as const

/** Search across things, as a page and for the box above every page. */
export function searchRoutes(console: Console): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/search',
      door: 'browser',
      access,
      query: z.object({ q: z.string().max(1024).default('') }),
      handler: async (ctx, { query: { q } }) => {
        const body = searchPage(q, await search(console, ctx, q))
        return { kind: 'page', page: { title: 'Search', body, section: '/search', frame: 'full' } }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/search',
      door: 'api',
      access,
      summary: 'Things by name, as far as the caller may see them: the best of every kind',
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
