import { GateError, type Reply, type Route, route, type ShellPage } from '#platform'
import { authorityIdParams } from '../authorities/contract.ts'
import { importedListPage, offlineListPage } from '../views/offline-list.ts'
import { importedListView, importListBody, listRequestView, longestListText } from './contract.ts'
import { importedListJson, listRequestJson } from './list-wire.ts'
import { importList, type OfflineParts, requestList } from './offline-lists.ts'

const path = '/api/v1/certificate-authorities/{id}'
const pagePath = '/certificate-authorities/{id}/revocation-list'
const maxBody = 2 * longestListText
const reading = { permission: 'certificate-authorities:read:{id}' }
const updating = { permission: 'certificate-authorities:update:{id}' }

/** Lists of authorities whose key is elsewhere, over the API and in the console. */
export function offlineListRoutes(parts: OfflineParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: `${path}/list-request`,
      door: 'api',
      access: reading,
      summary:
        'What the next revocation list of an authority has to say whose key is elsewhere, with files to sign it by',
      params: authorityIdParams,
      responses: { 200: listRequestView },
      handler: async (ctx, { params }) => ({
        kind: 'json',
        body: listRequestJson(await requestList(ctx, parts, params.id)),
      }),
    }),
    route({
      method: 'POST',
      path: `${path}/import-list`,
      door: 'api',
      access: updating,
      summary: 'Serve a revocation list that was signed elsewhere, once it is found to be whole and newer',
      params: authorityIdParams,
      maxBody,
      body: importListBody,
      responses: { 200: importedListView },
      handler: async (ctx, { params, body }) => ({
        kind: 'json',
        body: importedListJson(await importList(ctx, parts, params.id, body.list)),
      }),
    }),
    ...pages(parts),
  ]
}

function pages(parts: OfflineParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: pagePath,
      door: 'browser',
      access: updating,
      params: authorityIdParams,
      handler: async (ctx, { params }) =>
        page(offlineListPage(await requestList(ctx, parts, params.id), '', [], ctx.now)),
    }),
    route({
      method: 'POST',
      path: pagePath,
      door: 'browser',
      access: updating,
      params: authorityIdParams,
      maxBody,
      body: importListBody,
      handler: async (ctx, { params, body }) => {
        try {
          return page(importedListPage(await importList(ctx, parts, params.id, body.list), ctx.now))
        } catch (error) {
          if (!(error instanceof GateError) || error.code !== 'pki.list-refused') throw error
          const faults = [{ field: 'list', message: error.detail }]
          const request = await requestList(ctx, parts, params.id)
          return { ...page(offlineListPage(request, body.list, faults, ctx.now)), status: error.status }
        }
      },
    }),
  ]
}

function page(shown: ShellPage): Reply & { readonly kind: 'page' } {
  return { kind: 'page', page: shown }
}
