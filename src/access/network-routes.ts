import { type Ctx, type Route, requireUnchanged, revisionTag, route } from '#platform'
import { deleteQuery, listQuery, network, networkBody, networkList, networkParams, networkPatch } from './contract.ts'
import { changeNetwork, createNetwork, deleteNetwork, getNetwork } from './named-networks.ts'
import { listNetworks } from './networks-store.ts'
import { consentOf } from './operator/named-things.ts'
import { inTextOrder, type Page, type PageAsked } from './page.ts'
import { networkResource } from './resources.ts'
import type { RouteParts } from './routes.ts'
import type { NetworkRow } from './tables.ts'
import { networkJson } from './wire.ts'

export function networkRoutes(parts: RouteParts): readonly Route[] {
  const { access } = parts
  return [
    route({
      method: 'GET',
      path: '/api/v1/networks',
      door: 'api',
      access: { each: 'networks:read' },
      summary: 'Named networks by name',
      query: listQuery,
      responses: { 200: networkList },
      handler: async (ctx, { query }) => {
        const { items, next } = await networkPage(parts, ctx, query)
        return { kind: 'json', body: { items: items.map(networkJson), next } }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/networks',
      door: 'api',
      access: { permission: 'networks:create' },
      summary: 'Give networks a name, to be used as @name wherever networks are listed',
      body: networkBody,
      responses: { 201: network },
      handler: async (ctx, { body }) => {
        const row = await createNetwork(ctx, body)
        const headers = { Location: `/api/v1/networks/${row.name}` }
        return { kind: 'json', status: 201, headers, body: networkJson(row), etag: revisionTag(row.revision) }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/networks/{network}',
      door: 'api',
      access: { permission: 'networks:read:{network}' },
      summary: 'One named network',
      params: networkParams,
      responses: { 200: network },
      handler: async (ctx, { params }) => {
        const row = await getNetwork(ctx, params.network)
        return { kind: 'json', body: networkJson(row), etag: revisionTag(row.revision) }
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/networks/{network}',
      door: 'api',
      access: { permission: 'networks:update:{network}' },
      summary: 'Change which addresses a named network holds, everywhere it is used and at once',
      params: networkParams,
      body: networkPatch,
      responses: { 200: network },
      handler: async (ctx, { params, body: { title, cidrs }, request }) => {
        const change = { ...(title === undefined ? {} : { title }), ...(cidrs === undefined ? {} : { cidrs }) }
        const guard = ({ revision }: NetworkRow) => requireUnchanged(request.headers, revision)
        const row = await changeNetwork(ctx, params.network, change, guard)
        return { kind: 'json', body: networkJson(row), etag: revisionTag(row.revision) }
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/networks/{network}',
      door: 'api',
      access: { permission: 'networks:delete:{network}' },
      summary: 'Delete a named network; whatever names it admits nobody from then on',
      params: networkParams,
      query: deleteQuery,
      responses: { 204: undefined },
      handler: async (ctx, { params, query, request }) => {
        const consent = consentOf(access.inForce, query.force ? 'all' : [])
        await deleteNetwork(ctx, params.network, consent, ({ revision }) => requireUnchanged(request.headers, revision))
        return { kind: 'empty', status: 204 }
      },
    }),
  ]
}

/** One page of named networks by name. @throws GateError `platform.bad-cursor` */
export function networkPage(
  { access, keyring }: RouteParts,
  ctx: Ctx,
  asked: PageAsked & { readonly q?: string | undefined },
): Promise<Page<NetworkRow>> {
  const spec = inTextOrder<NetworkRow>(keyring, asked, {
    permission: 'networks:read',
    query: ['networks', ...(asked.q === undefined ? [] : [asked.q])],
    read: (after, limit, only) => listNetworks(ctx.db, after, limit, asked.q, only),
    keyOf: (row) => row.name,
    thing: (row) => ({ id: row.name, resource: networkResource(row) }),
  })
  return access.face.list(ctx, spec)
}
