import { type Ctx, originOf, type Reply, type Route, requireUnchanged, revisionTag, route } from '#platform'
import { allKeys } from '../assertion/key-store.ts'
import { keyState } from '../assertion/keys.ts'
import {
  assertionKeyList,
  assertionKeyView,
  createRouteBody,
  jwks,
  listQuery,
  probeView,
  type RouteView,
  routeList,
  routeParams,
  routeView,
  savedRoute,
  updateRouteBody,
} from '../contract.ts'
import { createRoute, deleteRoute, getRoute, updateRoute } from '../published-routes.ts'
import { warningsFor } from '../routing/report.ts'
import { type GatewayRoute, permissionOf } from '../routing/table.ts'
import { settingsOf } from '../settings/route-settings.ts'
import type { AdminDeps } from './admin-deps.ts'
import { listedRoutes } from './listed-routes.ts'

/** `/api/v1/routes`, `/api/v1/assertion-keys` and the published key set. */
export function apiRoutes(deps: AdminDeps): readonly Route[] {
  const replyWith = (found: GatewayRoute, status = 200): Reply => ({
    kind: 'json',
    status,
    body: viewOf(deps, found),
    etag: revisionTag(found.revision),
  })
  const savedReply = async (ctx: Ctx, saved: GatewayRoute, status = 200): Promise<Reply> => ({
    kind: 'json',
    status,
    body: { ...viewOf(deps, saved), warnings: await warningsFor(deps, ctx, saved) },
    etag: revisionTag(saved.revision),
  })
  return [
    route({
      method: 'GET',
      path: '/api/v1/routes',
      door: 'api',
      access: { each: 'routes:read' },
      summary: 'List routes by name',
      query: listQuery,
      responses: { 200: routeList },
      handler: async (ctx, { query }) => {
        const { items, next } = await listedRoutes(deps, ctx, query)
        return { kind: 'json', body: { items: items.map((one) => viewOf(deps, one)), next } }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/routes',
      door: 'api',
      access: { permission: 'routes:create' },
      summary: 'Put an app behind the gate',
      body: createRouteBody,
      responses: { 201: savedRoute },
      handler: async (ctx, { body }) => {
        const made = await createRoute(deps, ctx, body)
        return { ...(await savedReply(ctx, made, 201)), headers: { Location: `/api/v1/routes/${made.name}` } }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/routes/{name}',
      door: 'api',
      access: { permission: 'routes:read:{name}' },
      summary: 'Read a route',
      params: routeParams,
      responses: { 200: routeView },
      handler: async (ctx, { params }) => replyWith(await getRoute(ctx, params.name)),
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/routes/{name}',
      door: 'api',
      access: { permission: 'routes:update:{name}' },
      summary: 'Change a route',
      params: routeParams,
      body: updateRouteBody,
      responses: { 200: savedRoute },
      handler: async (ctx, { params, body, request }) =>
        savedReply(
          ctx,
          await updateRoute(deps, ctx, params.name, body, (found) => requireUnchanged(request.headers, found.revision)),
        ),
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/routes/{name}',
      door: 'api',
      access: { permission: 'routes:delete:{name}' },
      summary: 'Remove a route',
      params: routeParams,
      responses: { 204: undefined },
      handler: async (ctx, { params, request }) => {
        await deleteRoute(ctx, params.name, (found) => requireUnchanged(request.headers, found.revision))
        return { kind: 'empty' }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/routes/{name}/test',
      door: 'api',
      access: { permission: 'routes:update:{name}' },
      summary: "Ask whether the route's upstream answers",
      params: routeParams,
      responses: { 200: probeView },
      handler: async (ctx, { params }) => ({
        kind: 'json',
        body: await deps.probe(await getRoute(ctx, params.name)),
      }),
    }),
    ...keyRoutes(deps),
  ]
}

function keyRoutes(deps: AdminDeps): readonly Route[] {
  const listKeys = async (ctx: Ctx) => {
    const keys = await allKeys(ctx.db)
    return {
      items: keys.map((key) => ({
        id: key.id,
        createdAt: new Date(key.createdAt).toISOString(),
        state: keyState(keys, key, ctx.now),
      })),
    }
  }
  return [
    route({
      method: 'GET',
      path: '/api/v1/assertion-keys',
      door: 'api',
      access: { permission: 'assertion-keys:read' },
      summary: 'List the keys that sign assertions to upstreams',
      responses: { 200: assertionKeyList },
      handler: async (ctx) => ({ kind: 'json', body: await listKeys(ctx) }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/assertion-keys',
      door: 'api',
      access: { permission: 'assertion-keys:rotate' },
      summary: 'Make a new signing key; it signs ten minutes after it was published',
      responses: { 201: assertionKeyView },
      handler: async (ctx) => {
        const id = await deps.rotateKey(ctx)
        const { items } = await listKeys(ctx)
        return { kind: 'json', status: 201, body: items.find((key) => key.id === id) }
      },
    }),
    route({
      method: 'GET',
      path: '/.well-known/gatehouse/jwks.json',
      door: 'protocol',
      access: { public: 'public keys, by which upstreams verify assertions' },
      summary: 'Public keys of assertions (RFC 7517)',
      responses: { 200: jwks },
      handler: async () => {
        const { keys } = await deps.live.current()
        return {
          kind: 'json',
          body: { keys: keys.map((key) => key.publicJwk) },
          headers: { 'Cache-Control': 'public, max-age=300' },
        }
      },
    }),
  ]
}

function viewOf(deps: AdminDeps, found: GatewayRoute): RouteView {
  const { id, name, host, path, upstreams, access, networks, timeouts, presentCertificate } = found
  return {
    id,
    name,
    host,
    path,
    url: originOf(deps.kernel, host) + path,
    upstreams: [...upstreams],
    access,
    permission: permissionOf(found),
    networks: [...networks],
    presentCertificate,
    timeouts,
    ...settingsOf(found),
    createdAt: new Date(found.createdAt).toISOString(),
    updatedAt: new Date(found.updatedAt).toISOString(),
  }
}
