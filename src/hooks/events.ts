import { z } from 'zod'
import type { EventTable } from '#platform'

const reason = z.enum(['person', 'failing', 'gone', 'owner', 'overflow']).describe('Why.')
const read = 'webhooks:read:{name}'

/** What may be told of this room's changes. */
export const events: EventTable = {
  'webhooks.create': {
    summary: 'A webhook was made.',
    read,
    detail: z.object({
      origin: z.string().describe('Where it sends to, without the path.'),
      patterns: z.array(z.string()).describe('Which events it sends.'),
    }),
  },
  'webhooks.update': {
    summary: 'Where a webhook sends to, or what, was changed; it now sends what whoever changed it may read.',
    read,
    detail: z.object({ origin: z.string(), patterns: z.array(z.string()) }),
  },
  'webhooks.pause': { summary: 'A webhook was paused and sends nothing.', read, detail: z.object({ reason }) },
  'webhooks.resume': { summary: 'A paused webhook sends again.', read },
  'webhooks.rotate-secret': {
    summary: 'A webhook got a new secret; for a day messages are signed with both.',
    read,
    detail: z.object({ formerUntil: z.iso.datetime().describe('Until when the former signs as well.') }),
  },
  'webhooks.test': {
    summary: 'A test message was sent through a webhook.',
    read,
    detail: z.object({ delivered: z.boolean() }),
  },
  'webhooks.replay': {
    summary: 'Events were queued again for a webhook.',
    read,
    detail: z.object({ count: z.int().describe('How many.') }),
  },
  'webhooks.delete': { summary: 'A webhook was deleted with its secret and what it had yet to send.', read },
  'dead-events.retry': {
    summary: 'An event inside Gatehouse that had been given up is tried again.',
    read: 'dead-events:read',
    detail: z.object({ event: z.string().describe('Its name.') }),
  },
  'dead-events.drop': {
    summary: 'An event inside Gatehouse that had been given up was dropped.',
    read: 'dead-events:read',
    detail: z.object({ event: z.string().describe('Its name.'), reason: z.string() }),
  },
}
