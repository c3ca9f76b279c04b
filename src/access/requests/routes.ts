import { type Ctx, type Keyring, type Route, route } from '#platform'
import { requestDoors } from '../doors.ts'
import type { OpenAccess } from '../open.ts'
import { type PageAsked, pageOf } from '../page.ts'
import type { RouteParts } from '../routes.ts'
import type { RequestRow } from '../tables.ts'
import {
  answerable,
  askForAccess,
  declineRequest,
  getRequest,
  grantRequest,
  withdrawRequest,
} from './access-requests.ts'
import {
  accessRequest,
  accessRequestList,
  requestBody,
  requestDeclineBody,
  requestGrantBody,
  requestParams,
  requestQuery,
} from './contract.ts'
import { listOpenRequests, listRequestsOf } from './request-store.ts'
import { requestJson, requestsJson } from './wire.ts'

/** Why whoever is signed in comes through: the use-cases ask the rest. */
/** Asking for access and answering, over the API. */
export function requestRoutes({ access, keyring }: RouteParts): readonly Route[] {
  const path = '/api/v1/access-requests'
  return [
    route({
      ...requestDoors['GET /api/v1/access-requests'],
      query: requestQuery,
      responses: { 200: accessRequestList },
      handler: async (ctx, { query }) => {
        const { rows, next } = await pageOfRequests(access, keyring, ctx, { ...query, mine: query.mine === 'true' })
        return { kind: 'json', body: { items: await requestsJson(ctx, rows), next } }
      },
    }),
    route({
      ...requestDoors['POST /api/v1/access-requests'],
      body: requestBody,
      responses: { 201: accessRequest },
      handler: async (ctx, { body: { permission, reason, durationSeconds } }) => {
        const row = await askForAccess(access, ctx, { permission, reason, durationMs: durationSeconds * 1000 })
        const headers = { Location: `${path}/${row.id}` }
        return { kind: 'json', status: 201, headers, body: await requestJson(ctx, row) }
      },
    }),
    route({
      ...requestDoors['GET /api/v1/access-requests/{request}'],
      params: requestParams,
      responses: { 200: accessRequest },
      handler: async (ctx, { params }) => {
        const { row } = await getRequest(access, ctx, params.request)
        return { kind: 'json', body: await requestJson(ctx, row) }
      },
    }),
    ...answers(access),
  ]
}

function answers(access: OpenAccess): readonly Route[] {
  return [
    route({
      ...requestDoors['POST /api/v1/access-requests/{request}/grant'],
      params: requestParams,
      body: requestGrantBody,
      responses: { 200: accessRequest },
      handler: async (ctx, { params, body: { durationSeconds } }) => {
        const durationMs = durationSeconds === undefined ? undefined : durationSeconds * 1000
        const row = await grantRequest(access, ctx, params.request, durationMs)
        return { kind: 'json', body: await requestJson(ctx, row) }
      },
    }),
    route({
      ...requestDoors['POST /api/v1/access-requests/{request}/decline'],
      params: requestParams,
      body: requestDeclineBody,
      responses: { 200: accessRequest },
      handler: async (ctx, { params, body }) => {
        const row = await declineRequest(access, ctx, params.request, body.words)
        return { kind: 'json', body: await requestJson(ctx, row) }
      },
    }),
    route({
      ...requestDoors['POST /api/v1/access-requests/{request}/withdraw'],
      params: requestParams,
      responses: { 200: accessRequest },
      handler: async (ctx, { params }) => ({
        kind: 'json',
        body: await requestJson(ctx, await withdrawRequest(ctx, params.request)),
      }),
    }),
  ]
}

interface Wanted extends PageAsked {
  readonly mine: boolean
}

/**
 * One page of one's own requests, or of those one could grant. The latter are read in order and then asked about, so
 * that a page can hold fewer than it was asked for.
 */
export async function pageOfRequests(
  access: OpenAccess,
  keyring: Keyring,
  ctx: Ctx,
  { mine, limit, cursor }: Wanted,
): Promise<{ readonly rows: readonly RequestRow[]; readonly next: string | null }> {
  const { id } = ctx.actor.principal
  const { items, next } = await pageOf(
    keyring,
    ctx,
    ['access-requests', mine],
    { limit, cursor },
    (before, most) =>
      mine ? listRequestsOf(ctx.db, id, before, most) : listOpenRequests(ctx.db, ctx.now, before, most),
    (row) => row.id,
  )
  return { rows: mine ? items : await answerable(access, ctx, items), next }
}
