import { type Ctx, type Route, requireUnchanged, revisionTag, route } from '#platform'
import { deleteQuery, listQuery, network, networkBody, networkList, networkParams, networkPatch } from './contract.ts'
import { networkDoors } from './doors.ts'
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
      ...networkDoors['GET /api/v1/networks'],
      query: listQuery,
      responses: { 200: networkList },
      handler: async (ctx, { query }) => {
        const { items, next } = await networkPage(parts, ctx, query)
        return { kind: 'json', body: { items: items.map(networkJson), next } }
      },
    }),
    route({
      ...networkDoors['POST /api/v1/networks'],
      body: networkBody,
      responses: { 201: network },
      handler: async (ctx, { body }) => {
        const row = await createNetwork(ctx, body)
        const headers = { Location: `/api/v1/networks/${row.name}` }
        return { kind: 'json', status: 201, headers, body: networkJson(row), etag: revisionTag(row.revision) }
      },
    }),
    route({
      ...networkDoors['GET /api/v1/networks/{network}'],
      params: networkParams,
      responses: { 200: network },
      handler: async (ctx, { params }) => {
        const row = await getNetwork(ctx, params.network)
        return { kind: 'json', body: networkJson(row), etag: revisionTag(row.revision) }
      },
    }),
    route({
      ...networkDoors['PATCH /api/v1/networks/{network}'],
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
      ...networkDoors['DELETE /api/v1/networks/{network}'],
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
