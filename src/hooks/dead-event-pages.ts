import { z } from 'zod'
import { type Keyring, type Reply, type Route, route } from '#platform'
import type { Html } from '#platform/ui'
import { deadEventParams, dropBody } from './contract.ts'
import { deadEventsPage as pageOf } from './dead-event-api.ts'
import { dropDead, getDeadEvent, retryDead } from './dead-events.ts'
import { deadEventsPage, dropPage } from './views/dead-events.ts'

const pageSize = 50

/** The console's pages about events that were given up. */
export function deadEventPages(keyring: Keyring): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/dead-events',
      door: 'browser',
      access: { permission: 'dead-events:read' },
      query: z.strictObject({ cursor: z.string().max(1024).optional() }),
      handler: async (ctx, { query }) => {
        const { items: events, next } = await pageOf(keyring, ctx, query.cursor, pageSize)
        return pageReply(
          'Dead events',
          deadEventsPage({ events, next, further: query.cursor !== undefined, now: ctx.now }),
        )
      },
    }),
    route({
      method: 'POST',
      path: '/dead-events/{id}/retry',
      door: 'browser',
      access: { permission: 'dead-events:retry' },
      params: deadEventParams,
      handler: async (ctx, { params }) => {
        await retryDead(ctx, params.id)
        return { kind: 'redirect', location: '/dead-events' }
      },
    }),
    route({
      method: 'GET',
      path: '/dead-events/{id}/drop',
      door: 'browser',
      access: { permission: 'dead-events:drop' },
      params: deadEventParams,
      handler: async (ctx, { params }) =>
        pageReply('Drop an event', dropPage(await getDeadEvent(ctx, params.id), undefined, [])),
    }),
    route({
      method: 'POST',
      path: '/dead-events/{id}/drop',
      door: 'browser',
      access: { permission: 'dead-events:drop' },
      params: deadEventParams,
      body: dropBody,
      handler: async (ctx, { params, body }) => {
        await dropDead(ctx, params.id, body.reason)
        return { kind: 'redirect', location: '/dead-events' }
      },
      invalid: async (ctx, { params, form, faults }) => {
        const typed = form['reason']
        const event = await getDeadEvent(ctx, params['id'] ?? '')
        return pageReply('Drop an event', dropPage(event, typeof typed === 'string' ? typed : undefined, faults))
      },
    }),
  ]
}

function pageReply(title: string, body: Html): Reply {
  return { kind: 'page', page: { title, body, section: '/dead-events', frame: 'full' } }
}
