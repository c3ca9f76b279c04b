import { z } from 'zod'
import { type Ctx, type FieldFault, GateError, originOf, type Reply, type Route, route } from '#platform'
import type { Html } from '#platform/ui'
import { routeParams } from '../contract.ts'
import { createRoute, deleteRoute, getRoute, updateRoute } from '../published-routes.ts'
import { warningsFor } from '../routing/report.ts'
import type { GatewayRoute } from '../routing/table.ts'
import { removeRoutePage, routeFormPage, routePage, routesPage } from '../views/routes.ts'
import type { AdminDeps } from './admin-deps.ts'
import { balanceOf } from './balance-form.ts'
import { editRouteForm, type FormValues, newRouteForm, ruleOf, typed, valuesOf } from './form.ts'
import { listedRoutes } from './listed-routes.ts'
import { orShowTyped, requireRevision } from './stale.ts'
import { upstreamsNow } from './upstreams-api.ts'

const pageSize = 50
const searched = z
  .string()
  .trim()
  .toLowerCase()
  .max(80)
  .transform((text) => (text === '' ? undefined : text))
  .optional()

/** The console's pages about routes. */
export function pageRoutes(deps: AdminDeps): readonly Route[] {
  return [...readingPages(deps), ...changingPages(deps)]
}

function readingPages(deps: AdminDeps): readonly Route[] {
  const urlOf = (found: GatewayRoute) => originOf(deps.kernel, found.host) + found.path
  return [
    route({
      method: 'GET',
      path: '/routes',
      door: 'browser',
      access: { each: 'routes:read' },
      query: z.strictObject({ q: searched, cursor: z.string().max(1024).optional() }),
      handler: async (ctx, { query }) => {
        const { q, cursor } = query
        const { items: routes, next } = await listedRoutes(deps, ctx, { ...query, limit: pageSize })
        return pageReply(
          'Routes',
          routesPage({ routes, q, next: next ?? undefined, further: cursor !== undefined, now: ctx.now, urlOf }),
        )
      },
    }),
    route({
      method: 'GET',
      path: '/routes/new',
      door: 'browser',
      access: { permission: 'routes:create' },
      handler: async () => pageReply('Add a route', routeFormPage({ values: {}, faults: [] })),
    }),
    route({
      method: 'GET',
      path: '/routes/{name}',
      door: 'browser',
      access: { permission: 'routes:read:{name}' },
      params: routeParams,
      handler: async (ctx, { params }) => {
        const found = await getRoute(ctx, params.name)
        const warnings = await warningsFor(deps, ctx, found)
        const upstreams = await upstreamsNow(deps, found.id)
        return pageReply(found.name, routePage({ route: found, url: urlOf(found), now: ctx.now, upstreams, warnings }))
      },
    }),
    route({
      method: 'POST',
      path: '/routes/{name}/test',
      door: 'browser',
      access: { permission: 'routes:update:{name}' },
      params: routeParams,
      handler: async (ctx, { params }) => {
        const found = await getRoute(ctx, params.name)
        const tested = await deps.probe(found)
        const upstreams = await upstreamsNow(deps, found.id)
        return pageReply(found.name, routePage({ route: found, url: urlOf(found), now: ctx.now, upstreams, tested }))
      },
    }),
    route({
      method: 'GET',
      path: '/routes/{name}/delete',
      door: 'browser',
      access: { permission: 'routes:delete:{name}' },
      params: routeParams,
      handler: async (ctx, { params }) => {
        const found = await getRoute(ctx, params.name)
        return pageReply(`Remove ${found.name}`, removeRoutePage(found, urlOf(found)))
      },
    }),
    route({
      method: 'GET',
      path: '/routes/{name}/edit',
      door: 'browser',
      access: { permission: 'routes:update:{name}' },
      params: routeParams,
      handler: async (ctx, { params }) => {
        const found = await getRoute(ctx, params.name)
        return formReply(valuesOf(found, found.revision), [], found.name)
      },
    }),
  ]
}

function changingPages(deps: AdminDeps): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/routes',
      door: 'browser',
      access: { permission: 'routes:create' },
      body: newRouteForm,
      handler: (ctx, { body }) =>
        orShowAgain(
          async () => redirectTo(await createRoute(deps, ctx, body)),
          () => valuesOf(body),
        ),
      invalid: async (_, { form, faults }) => formReply(typed(form), faults),
    }),
    route({
      method: 'POST',
      path: '/routes/{name}',
      door: 'browser',
      access: { permission: 'routes:update:{name}' },
      params: routeParams,
      body: editRouteForm,
      handler: async (ctx, { params, body }) => {
        const { revision, rule, permission, policies, reason, healthPath, ca, ...place } = body
        const { balance } = await getRoute(ctx, params.name)
        const access = ruleOf({ rule, permission, policies, reason }, params.name)
        const change = { ...place, access, balance: balanceOf({ healthPath, ca }, balance) }
        const typedIn = (at: number) => valuesOf({ name: params.name, ...change }, at)
        const save = async () =>
          redirectTo(await updateRoute(deps, ctx, params.name, change, requireRevision(revision)))
        return orShowAgain(
          () =>
            orShowTyped(ctx, params.name, save, (now, faults) => formReply(typedIn(now.revision), faults, params.name)),
          () => typedIn(revision),
          params.name,
        )
      },
      invalid: async (_, { params, form, faults }) => formReply(typed(form), faults, params['name']),
    }),
    route({
      method: 'POST',
      path: '/routes/{name}/delete',
      door: 'browser',
      access: { permission: 'routes:delete:{name}' },
      params: routeParams,
      body: z.strictObject({ revision: z.coerce.number().int() }),
      handler: async (ctx: Ctx, { params, body }) => {
        await deleteRoute(ctx, params.name, requireRevision(body.revision))
        return { kind: 'redirect', location: '/routes' }
      },
    }),
  ]
}

/** A conflict is the form's affair, not a dead end: it comes back filled, with the fault at its field. */
async function orShowAgain(work: () => Promise<Reply>, values: () => FormValues, name?: string): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    const at = error instanceof GateError ? conflicts[error.code] : undefined
    if (at === undefined || !(error instanceof GateError)) throw error
    const reply = formReply(values(), [{ field: at, message: error.detail }], name)
    return { ...reply, status: error.status }
  }
}

const conflicts: Readonly<Record<string, string>> = {
  'gateway.name-taken': 'name',
  'gateway.route-duplicate': 'host',
  'gateway.host-reserved': 'host',
  'gateway.present-needs-https': 'upstreams',
  'gateway.path-not-allowed': 'upstreams',
  'gateway.upstream-kind': 'upstreams',
  'gateway.pinned-authority': 'ca',
  'gateway.policy-unknown': 'policies',
}

function redirectTo(found: GatewayRoute): Reply {
  return { kind: 'redirect', location: `/routes/${found.name}` }
}

function formReply(values: FormValues, faults: readonly FieldFault[], name?: string): Reply {
  const title = name === undefined ? 'Add a route' : `Change ${name}`
  return pageReply(title, routeFormPage({ values, faults, ...(name === undefined ? {} : { name }) }))
}

function pageReply(title: string, body: Html): Reply {
  return { kind: 'page', page: { title, body, section: '/routes', frame: 'full' } }
}
