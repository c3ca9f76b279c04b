import {
  type Ctx,
  decodeCursor,
  encodeCursor,
  type Reply,
  type Route,
  requireUnchanged,
  revisionTag,
  route,
} from '#platform'
import type { AdminDeps } from './admin.ts'
import {
  createWebhookBody,
  deliveryList,
  deliveryParams,
  deliveryQuery,
  deliveryView,
  eventList,
  listQuery,
  replayBody,
  replayView,
  testView,
  updateWebhookBody,
  webhookList,
  webhookParams,
  webhookView,
  webhookWithSecret,
} from './contract.ts'
import { countWaiting, pageOfDeliveries } from './delivery-store.ts'
import type { Endpoint } from './endpoint.ts'
import { pageOfEndpoints } from './endpoint-store.ts'
import {
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  pause,
  resume,
  rotateSecret,
  updateEndpoint,
  type WithSecret,
} from './endpoints.ts'
import { mostWaiting } from './fan-out.ts'
import { replayOne, replaySince } from './replay.ts'
import { deliveryViewOf, webhookViewOf } from './wire.ts'

const listed = ['hooks', 'webhooks', 'name'] as const

/** `/api/v1/webhooks` and `/api/v1/events`. */
export function apiRoutes(deps: AdminDeps): readonly Route[] {
  return [...readingRoutes(deps), ...changingRoutes(deps), ...deliveryRoutes(deps)]
}

export async function viewOf(ctx: Ctx, endpoint: Endpoint) {
  return webhookViewOf(endpoint, await countWaiting(ctx.db, endpoint.id, mostWaiting), ctx.now)
}

async function replyWith(ctx: Ctx, endpoint: Endpoint): Promise<Reply> {
  return { kind: 'json', body: await viewOf(ctx, endpoint), etag: revisionTag(endpoint.revision) }
}

async function replyWithSecret(ctx: Ctx, { endpoint, secret }: WithSecret, status: number): Promise<Reply> {
  const body = { ...(await viewOf(ctx, endpoint)), secret }
  return { kind: 'json', status, body, unrepeatable: true, headers: { 'Cache-Control': 'no-store' } }
}

function readingRoutes(deps: AdminDeps): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/webhooks',
      door: 'api',
      access: { permission: 'webhooks:read' },
      summary: 'List webhooks by name',
      query: listQuery,
      responses: { 200: webhookList },
      handler: async (ctx, { query }) => {
        const after = decodeCursor(deps.kernel.keyring, ctx.actor, listed, query.cursor)?.[0]
        const found = await pageOfEndpoints(ctx.db, typeof after === 'string' ? after : undefined, query.limit + 1)
        const items = await Promise.all(found.slice(0, query.limit).map((endpoint) => viewOf(ctx, endpoint)))
        const last = found.length > query.limit ? items.at(-1) : undefined
        const next = last === undefined ? null : encodeCursor(deps.kernel.keyring, ctx.actor, listed, [last.name])
        return { kind: 'json', body: { items, next } }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/webhooks/{name}',
      door: 'api',
      access: { permission: 'webhooks:read:{name}' },
      summary: 'Read a webhook',
      params: webhookParams,
      responses: { 200: webhookView },
      handler: async (ctx, { params }) => replyWith(ctx, await getEndpoint(ctx, params.name)),
    }),
    route({
      method: 'GET',
      path: '/api/v1/events',
      door: 'api',
      access: { permission: 'webhooks:read' },
      summary: 'List the events a webhook can send',
      responses: { 200: eventList },
      handler: async () => {
        const events = Object.entries(deps.fanOut().events).toSorted(([a], [b]) => (a < b ? -1 : 1))
        return { kind: 'json', body: { items: events.map(([name, { summary, read }]) => ({ name, summary, read })) } }
      },
    }),
  ]
}

function changingRoutes(deps: AdminDeps): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/webhooks',
      door: 'api',
      access: { permission: 'webhooks:create' },
      summary: 'Make a webhook; the answer holds its secret, this once',
      body: createWebhookBody,
      responses: { 201: webhookWithSecret },
      handler: async (ctx, { body }) => {
        const made = await createEndpoint(deps, ctx, body)
        const reply = await replyWithSecret(ctx, made, 201)
        return { ...reply, headers: { ...reply.headers, Location: `/api/v1/webhooks/${made.endpoint.name}` } }
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/webhooks/{name}',
      door: 'api',
      access: { permission: 'webhooks:update:{name}' },
      summary: 'Change where a webhook sends to, or what; it acts as you from then on',
      params: webhookParams,
      body: updateWebhookBody,
      responses: { 200: webhookView },
      handler: async (ctx, { params, body, request }) => {
        const guard = (found: Endpoint) => requireUnchanged(request.headers, found.revision)
        return replyWith(ctx, await updateEndpoint(deps, ctx, params.name, body, guard))
      },
    }),
    action(deps, 'pause', 'Stop sending; what happens meanwhile is not queued', (ctx, name) => pause(ctx, name)),
    action(deps, 'resume', 'Send again, first what was waiting', (ctx, name) => resume(ctx, name)),
    route({
      method: 'POST',
      path: '/api/v1/webhooks/{name}/rotate-secret',
      door: 'api',
      access: { permission: 'webhooks:update:{name}' },
      summary: 'Make a new secret; the former one signs too for a day',
      params: webhookParams,
      responses: { 200: webhookWithSecret },
      handler: async (ctx, { params }) => replyWithSecret(ctx, await rotateSecret(deps, ctx, params.name), 200),
    }),
    route({
      method: 'POST',
      path: '/api/v1/webhooks/{name}/test',
      door: 'api',
      access: { permission: 'webhooks:update:{name}' },
      summary: 'Send a test message and say what came of it',
      params: webhookParams,
      responses: { 200: testView },
      handler: async (ctx, { params }) => ({ kind: 'json', body: await deps.probe(ctx, params.name) }),
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/webhooks/{name}',
      door: 'api',
      access: { permission: 'webhooks:delete:{name}' },
      summary: 'Delete a webhook with its secret and what it had yet to send',
      params: webhookParams,
      responses: { 204: undefined },
      handler: async (ctx, { params, request }) => {
        await deleteEndpoint(ctx, params.name, (found) => requireUnchanged(request.headers, found.revision))
        return { kind: 'empty' }
      },
    }),
  ]
}

function action(
  deps: AdminDeps,
  verb: 'pause' | 'resume',
  summary: string,
  work: (ctx: Ctx, name: string) => Promise<Endpoint>,
): Route {
  return route({
    method: 'POST',
    path: `/api/v1/webhooks/{name}/${verb}`,
    door: 'api',
    access: { permission: 'webhooks:update:{name}' },
    summary,
    params: webhookParams,
    responses: { 200: webhookView },
    handler: async (ctx, { params }) => {
      const endpoint = await work(ctx, params.name)
      deps.wake()
      return replyWith(ctx, endpoint)
    },
  })
}

function deliveryRoutes(deps: AdminDeps): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/webhooks/{name}/deliveries',
      door: 'api',
      access: { permission: 'webhooks:read:{name}' },
      summary: "List a webhook's deliveries, newest event first",
      params: webhookParams,
      query: deliveryQuery,
      responses: { 200: deliveryList },
      handler: async (ctx, { params, query }) => {
        const endpoint = await getEndpoint(ctx, params.name)
        const list = ['hooks', 'deliveries', endpoint.id, query.state ?? null] as const
        const before = decodeCursor(deps.kernel.keyring, ctx.actor, list, query.cursor)?.[0]
        const found = await pageOfDeliveries(ctx.db, endpoint.id, {
          limit: query.limit + 1,
          ...(query.state === undefined ? {} : { state: query.state }),
          ...(typeof before === 'number' ? { before } : {}),
        })
        const items = found.slice(0, query.limit)
        const last = found.length > query.limit ? items.at(-1) : undefined
        const next = last === undefined ? null : encodeCursor(deps.kernel.keyring, ctx.actor, list, [last.sequence])
        return { kind: 'json', body: { items: items.map(deliveryViewOf), next } }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/webhooks/{name}/deliveries/{id}/replay',
      door: 'api',
      access: { permission: 'webhooks:replay:{name}' },
      summary: 'Deliver one event again',
      params: deliveryParams,
      responses: { 202: deliveryView },
      handler: async (ctx, { params }) => {
        const delivery = await replayOne(deps.fanOut(), ctx, params.name, params.id)
        return { kind: 'json', status: 202, body: deliveryViewOf(delivery) }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/webhooks/{name}/replay',
      door: 'api',
      access: { permission: 'webhooks:replay:{name}' },
      summary: 'Deliver again every event since a time',
      params: webhookParams,
      body: replayBody,
      responses: { 202: replayView },
      handler: async (ctx, { params, body }) => {
        const since = Date.parse(body.since)
        return { kind: 'json', status: 202, body: await replaySince(deps.fanOut(), ctx, params.name, since) }
      },
    }),
  ]
}
