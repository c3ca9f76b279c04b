import { z } from 'zod'
import type { EventTable } from '#platform'

const place = z.object({
  host: z.string(),
  path: z.string(),
  upstreams: z.array(z.string()).describe('Where the app listens.'),
  access: z.record(z.string(), z.union([z.string(), z.array(z.string())])).describe('Who may use it.'),
  networks: z.array(z.string()).describe('From where; empty: from everywhere.'),
})

/** What may be told of this room's changes. */
export const events: EventTable = {
  'routes.create': { summary: 'An app was put behind the gate.', read: 'routes:read:{name}', detail: place },
  'routes.update': {
    summary: 'Where a route leads, or who may use it, was changed.',
    read: 'routes:read:{name}',
    detail: z.object({ before: place, after: place }),
  },
  'routes.set-secret-header': {
    summary: 'An app gets a header with a value that is kept secret.',
    read: 'routes:read:{name}',
    detail: z.object({ header: z.string() }),
  },
  'routes.clear-secret-header': {
    summary: 'An app no longer gets a secret header.',
    read: 'routes:read:{name}',
    detail: z.object({ header: z.string() }),
  },
  'routes.delete': { summary: 'A route was removed.', read: 'routes:read:{name}', detail: place },
  'assertion-keys.rotate': {
    summary: 'A new key signs what apps are told about people.',
    read: 'assertion-keys:read',
    detail: z.object({ forgotten: z.array(z.string()).describe('Ids of the keys that ended with it.') }),
  },
}
