import { type Ctx, decodeCursor, encodeCursor, type Keyring, pageOfDeadEvents, type Route, route } from '#platform'
import { deadEventList, deadEventParams, dropBody, listQuery } from './contract.ts'
import { dropDead, retryDead } from './dead-events.ts'
import { deadEventViewOf } from './wire.ts'

const listed = ['hooks', 'dead-events', 'ordinal'] as const

/** A page of given-up events, and the cursor of the next. */
export async function deadEventsPage(keyring: Keyring, ctx: Ctx, cursor: string | undefined, limit: number) {
  const after = decodeCursor(keyring, ctx.actor, listed, cursor)?.[0]
  const found = await pageOfDeadEvents(ctx.db, typeof after === 'number' ? after : 0, limit + 1)
  const items = found.slice(0, limit)
  const last = found.length > limit ? items.at(-1) : undefined
  return { items, next: last === undefined ? undefined : encodeCursor(keyring, ctx.actor, listed, [last.ordinal]) }
}

/** `/api/v1/dead-events`: what the outbox gave up. */
export function deadEventRoutes(keyring: Keyring): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/dead-events',
      door: 'api',
      access: { permission: 'dead-events:read' },
      summary: 'List events inside Gatehouse that were given up',
      query: listQuery,
      responses: { 200: deadEventList },
      handler: async (ctx, { query }) => {
        const { items, next } = await deadEventsPage(keyring, ctx, query.cursor, query.limit)
        return { kind: 'json', body: { items: items.map(deadEventViewOf), next: next ?? null } }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/dead-events/{id}/retry',
      door: 'api',
      access: { permission: 'dead-events:retry' },
      summary: 'Try a given-up event again',
      params: deadEventParams,
      responses: { 204: undefined },
      handler: async (ctx, { params }) => {
        await retryDead(ctx, params.id)
        return { kind: 'empty' }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/dead-events/{id}/drop',
      door: 'api',
      access: { permission: 'dead-events:drop' },
      summary: 'Drop a given-up event; its subscribers never see it',
      params: deadEventParams,
      body: dropBody,
      responses: { 204: undefined },
      handler: async (ctx, { params, body }) => {
        await dropDead(ctx, params.id, body.reason)
        return { kind: 'empty' }
      },
    }),
  ]
}
