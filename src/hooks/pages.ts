import { z } from 'zod'
import {
  type Ctx,
  decodeCursor,
  encodeCursor,
  type FieldFault,
  GateError,
  type RejectedForm,
  type Reply,
  type Route,
  route,
} from '#platform'
import type { Html } from '#platform/ui'
import type { AdminDeps } from './admin.ts'
import { deliveryParams, patterns, type TestView, webhookName, webhookParams, webhookUrl } from './contract.ts'
import { countWaiting, pageOfDeliveries } from './delivery-store.ts'
import type { Endpoint } from './endpoint.ts'
import { allEndpoints } from './endpoint-store.ts'
import {
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  pause,
  resume,
  rotateSecret,
  updateEndpoint,
} from './endpoints.ts'
import { fail } from './errors.ts'
import { mostWaiting } from './fan-out.ts'
import { replayOne, replaySince } from './replay.ts'
import {
  deletePage,
  type FormValues,
  replayPage,
  rotatePage,
  secretPage,
  webhookFormPage,
  webhookPage,
  webhooksPage,
} from './views/webhooks.ts'

const pageSize = 25
const lines = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((one) => one !== ''))
  .pipe(patterns)
const shared = { url: z.string().trim().pipe(webhookUrl), events: lines }
const newForm = z.strictObject({ name: z.string().trim().pipe(webhookName), ...shared })
const editForm = z.strictObject(shared)
const pageQuery = z.strictObject({ cursor: z.string().max(1024).optional() })
/** As `datetime-local` sends it, taken as UTC. */
const replayForm = z.strictObject({
  since: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/, 'a day and a time')
    .refine((text) => !Number.isNaN(Date.parse(`${text}Z`)), 'a day and a time'),
})

/** The console's pages about webhooks. */
export function pageRoutes(deps: AdminDeps): readonly Route[] {
  return [...readingPages(deps), ...formPages(deps), ...questionPages(deps), ...actions(deps)]
}

async function showWebhook(
  deps: AdminDeps,
  ctx: Ctx,
  endpoint: Endpoint,
  cursor?: string,
  tested?: TestView,
): Promise<Reply> {
  const list = ['hooks', 'deliveries-page', endpoint.id] as const
  const before = decodeCursor(deps.kernel.keyring, ctx.actor, list, cursor)?.[0]
  const found = await pageOfDeliveries(ctx.db, endpoint.id, {
    limit: pageSize + 1,
    ...(typeof before === 'number' ? { before } : {}),
  })
  const deliveries = found.slice(0, pageSize)
  const last = found.length > pageSize ? deliveries.at(-1) : undefined
  const body = webhookPage({
    endpoint,
    deliveries,
    waiting: await countWaiting(ctx.db, endpoint.id, mostWaiting),
    next: last === undefined ? undefined : encodeCursor(deps.kernel.keyring, ctx.actor, list, [last.sequence]),
    further: cursor !== undefined,
    now: ctx.now,
    ...(tested === undefined ? {} : { tested }),
  })
  return pageReply(endpoint.name, body)
}

function readingPages(deps: AdminDeps): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/webhooks',
      door: 'browser',
      access: { permission: 'webhooks:read' },
      handler: async (ctx) => pageReply('Webhooks', webhooksPage(await allEndpoints(ctx.db), ctx.now)),
    }),
    route({
      method: 'GET',
      path: '/webhooks/new',
      door: 'browser',
      access: { permission: 'webhooks:create' },
      handler: async () => formReply({}, []),
    }),
    route({
      method: 'GET',
      path: '/webhooks/{name}',
      door: 'browser',
      access: { permission: 'webhooks:read:{name}' },
      params: webhookParams,
      query: pageQuery,
      handler: async (ctx, { params, query }) =>
        showWebhook(deps, ctx, await getEndpoint(ctx, params.name), query.cursor),
    }),
    route({
      method: 'GET',
      path: '/webhooks/{name}/edit',
      door: 'browser',
      access: { permission: 'webhooks:update:{name}' },
      params: webhookParams,
      handler: async (ctx, { params }) => {
        const { name, url, patterns: events } = await getEndpoint(ctx, params.name)
        return formReply({ url, events: events.join('\n') }, [], name)
      },
    }),
  ]
}

function formPages(deps: AdminDeps): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/webhooks',
      door: 'browser',
      access: { permission: 'webhooks:create' },
      body: newForm,
      handler: (ctx, { body }) =>
        orShowAgain(
          async () => {
            const { endpoint, secret } = await createEndpoint(deps, ctx, body)
            return secretReply(endpoint, secret, true)
          },
          { ...body, events: body.events.join('\n') },
        ),
      invalid: async (_, rejected) => formReply(typed(rejected), rejected.faults),
    }),
    route({
      method: 'POST',
      path: '/webhooks/{name}',
      door: 'browser',
      access: { permission: 'webhooks:update:{name}' },
      params: webhookParams,
      body: editForm,
      handler: (ctx, { params, body }) =>
        orShowAgain(
          async () => {
            await updateEndpoint(deps, ctx, params.name, body, () => undefined)
            return { kind: 'redirect', location: `/webhooks/${params.name}` }
          },
          { ...body, events: body.events.join('\n') },
          params.name,
        ),
      invalid: async (_, rejected) => formReply(typed(rejected), rejected.faults, rejected.params['name']),
    }),
  ]
}

function questionPages(deps: AdminDeps): readonly Route[] {
  return [
    question('rotate-secret', 'update', 'New secret', async (endpoint) => rotatePage(endpoint)),
    question('delete', 'delete', 'Delete', async (endpoint, ctx) =>
      deletePage(endpoint, await countWaiting(ctx.db, endpoint.id, mostWaiting)),
    ),
    question('replay', 'replay', 'Send again', async (endpoint) => replayPage(endpoint, undefined, [])),
    route({
      method: 'POST',
      path: '/webhooks/{name}/rotate-secret',
      door: 'browser',
      access: { permission: 'webhooks:update:{name}' },
      params: webhookParams,
      handler: async (ctx, { params }) => {
        const { endpoint, secret } = await rotateSecret(deps, ctx, params.name)
        return secretReply(endpoint, secret, false)
      },
    }),
    route({
      method: 'POST',
      path: '/webhooks/{name}/delete',
      door: 'browser',
      access: { permission: 'webhooks:delete:{name}' },
      params: webhookParams,
      body: z.strictObject({ revision: z.coerce.number().int() }),
      handler: async (ctx, { params, body }) => {
        await deleteEndpoint(ctx, params.name, ({ revision }) => {
          if (revision !== body.revision) throw fail('hooks.changed-meanwhile')
        })
        return { kind: 'redirect', location: '/webhooks' }
      },
    }),
    route({
      method: 'POST',
      path: '/webhooks/{name}/replay',
      door: 'browser',
      access: { permission: 'webhooks:replay:{name}' },
      params: webhookParams,
      body: replayForm,
      handler: async (ctx, { params, body }) => {
        await replaySince(deps.fanOut(), ctx, params.name, Date.parse(`${body.since}Z`))
        return { kind: 'redirect', location: `/webhooks/${params.name}` }
      },
      invalid: async (ctx, rejected) => {
        const endpoint = await getEndpoint(ctx, rejected.params['name'] ?? '')
        return pageReply('Send again', replayPage(endpoint, typed(rejected)['since'], rejected.faults))
      },
    }),
  ]
}

function question(
  path: string,
  verb: 'update' | 'delete' | 'replay',
  title: string,
  body: (endpoint: Endpoint, ctx: Ctx) => Promise<Html>,
): Route {
  return route({
    method: 'GET',
    path: `/webhooks/{name}/${path}`,
    door: 'browser',
    access: { permission: `webhooks:${verb}:{name}` },
    params: webhookParams,
    handler: async (ctx, { params }) => pageReply(title, await body(await getEndpoint(ctx, params.name), ctx)),
  })
}

function actions(deps: AdminDeps): readonly Route[] {
  const step = (verb: 'pause' | 'resume', work: (ctx: Ctx, name: string) => Promise<Endpoint>): Route =>
    route({
      method: 'POST',
      path: `/webhooks/{name}/${verb}`,
      door: 'browser',
      access: { permission: 'webhooks:update:{name}' },
      params: webhookParams,
      handler: async (ctx, { params }) => {
        await work(ctx, params.name)
        deps.wake()
        return { kind: 'redirect', location: `/webhooks/${params.name}` }
      },
    })
  return [
    step('pause', pause),
    step('resume', resume),
    route({
      method: 'POST',
      path: '/webhooks/{name}/test',
      door: 'browser',
      access: { permission: 'webhooks:update:{name}' },
      params: webhookParams,
      handler: async (ctx, { params }) => {
        const tested = await deps.probe(ctx, params.name)
        return showWebhook(deps, ctx, await getEndpoint(ctx, params.name), undefined, tested)
      },
    }),
    route({
      method: 'POST',
      path: '/webhooks/{name}/deliveries/{id}/replay',
      door: 'browser',
      access: { permission: 'webhooks:replay:{name}' },
      params: deliveryParams,
      handler: async (ctx, { params }) => {
        await replayOne(deps.fanOut(), ctx, params.name, params.id)
        return { kind: 'redirect', location: `/webhooks/${params.name}` }
      },
    }),
  ]
}

/** A conflict is the form's affair, not a dead end: it comes back filled, with the fault at its field. */
async function orShowAgain(work: () => Promise<Reply>, values: FormValues, name?: string): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    const at = conflicts[error.code]
    if (at === undefined) throw error
    const reply = formReply(values, [{ field: at, message: error.detail }], name)
    return { ...reply, status: error.status }
  }
}

const conflicts: Readonly<Record<string, string>> = {
  'hooks.name-taken': 'name',
  'hooks.too-many': 'name',
  'hooks.http-refused': 'url',
  'hooks.limited-credential': 'url',
  'hooks.event-unknown': 'events',
}

function secretReply(endpoint: Endpoint, secret: string, isNew: boolean): Reply {
  const reply = pageReply(`Secret of ${endpoint.name}`, secretPage(endpoint, secret, isNew))
  return { ...reply, headers: { 'Cache-Control': 'no-store' } }
}

function formReply(values: FormValues, faults: readonly FieldFault[], name?: string): Reply {
  const title = name === undefined ? 'Add a webhook' : `Change ${name}`
  return pageReply(title, webhookFormPage({ values, faults, ...(name === undefined ? {} : { name }) }))
}

function typed({ form }: Pick<RejectedForm, 'form'>): FormValues {
  return Object.fromEntries(
    Object.entries(form).map(([name, value]) => [name, typeof value === 'string' ? value : value.at(-1)]),
  )
}

function pageReply(title: string, body: Html): Reply {
  return { kind: 'page', page: { title, body, section: '/webhooks', frame: 'full' } }
}
