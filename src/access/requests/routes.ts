import { type Ctx, type Keyring, type Route, route } from '#platform'
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
export const own = 'everybody asks for themselves; a request is shown only to who made it and who could grant it'

/** Asking for access and answering, over the API. */
export function requestRoutes({ access, keyring }: RouteParts): readonly Route[] {
  const path = '/api/v1/access-requests'
  const one = `${path}/{request}`
  return [
    route({
      method: 'GET',
      path,
      door: 'api',
      access: { signedIn: own },
      summary: 'Open requests you could grant, or with mine=true what you asked for; newest first',
      query: requestQuery,
      responses: { 200: accessRequestList },
      handler: async (ctx, { query }) => {
        const { rows, next } = await pageOfRequests(access, keyring, ctx, { ...query, mine: query.mine === 'true' })
        return { kind: 'json', body: { items: await requestsJson(ctx, rows), next } }
      },
    }),
    route({
      method: 'POST',
      path,
      door: 'api',
      access: { signedIn: own },
      summary: 'Ask those who hold a permission to grant it to you for a time',
      body: requestBody,
      responses: { 201: accessRequest },
      handler: async (ctx, { body: { permission, reason, durationSeconds } }) => {
        const row = await askForAccess(access, ctx, { permission, reason, durationMs: durationSeconds * 1000 })
        const headers = { Location: `${path}/${row.id}` }
        return { kind: 'json', status: 201, headers, body: await requestJson(ctx, row) }
      },
    }),
    route({
      method: 'GET',
      path: one,
      door: 'api',
      access: { signedIn: own },
      summary: 'One request',
      params: requestParams,
      responses: { 200: accessRequest },
      handler: async (ctx, { params }) => {
        const { row } = await getRequest(access, ctx, params.request)
        return { kind: 'json', body: await requestJson(ctx, row) }
      },
    }),
    ...answers(access, one),
  ]
}

function answers(access: OpenAccess, one: string): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: `${one}/grant`,
      door: 'api',
      access: { signedIn: own },
      summary: 'Grant what was asked for, from what you hold, for a time',
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
      method: 'POST',
      path: `${one}/decline`,
      door: 'api',
      access: { signedIn: own },
      summary: 'Decline a request you could grant, with words for who asked',
      params: requestParams,
      body: requestDeclineBody,
      responses: { 200: accessRequest },
      handler: async (ctx, { params, body }) => {
        const row = await declineRequest(access, ctx, params.request, body.words)
        return { kind: 'json', body: await requestJson(ctx, row) }
      },
    }),
    route({
      method: 'POST',
      path: `${one}/withdraw`,
      door: 'api',
      access: { signedIn: own },
      summary: 'Take your own request back',
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
  // bound to the reader: what was passed over for one is not skipped for another
  const query = ['access-requests', mine, id] as const
  const { items, next } = await pageOf(
    keyring,
    query,
    { limit, cursor },
    (before, most) =>
      mine ? listRequestsOf(ctx.db, id, before, most) : listOpenRequests(ctx.db, ctx.now, before, most),
    (row) => row.id,
  )
  return { rows: mine ? items : await answerable(access, ctx, items), next }
}
