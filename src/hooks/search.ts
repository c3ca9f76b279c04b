import type { SearchSource } from '#platform'
import { allEndpoints } from './endpoint-store.ts'

/** Webhooks by name. There are few, so all are read; an address is not searched, since it may hold a secret. */
export const webhookSearch: SearchSource = {
  title: 'Webhooks',
  order: 80,
  find: async (ctx, text, limit) => {
    const found = (await allEndpoints(ctx.db)).filter(({ name }) => name.includes(text))
    return found.slice(0, limit).map(({ name }) => ({ title: name, href: `/webhooks/${name}` }))
  },
}
