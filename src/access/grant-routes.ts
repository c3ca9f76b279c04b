import { type ResourceLoader, type Route, route } from '#platform'
import { grant, grantBody, grantList, grantParams, grantQuery } from './contract.ts'
import { createGrant, endGrant, getGrant } from './grants.ts'
import { findGrant, listGrants } from './grants-store.ts'
import { pageOf } from './page.ts'
import type { RouteParts } from './routes.ts'
import { grantJson } from './wire.ts'

/** Grants as policies see them: who gave it and who has it never change. */
export const grantLoader: ResourceLoader = {
  permissionType: 'grants',
  async load(id, db) {
    const row = await findGrant(db, id)
    if (row === undefined) return undefined
    const members = { principals: [row.grantee_id] }
    return { type: 'Access::Grant', id: row.id, attributes: {}, owner: row.grantor_id, members, revision: 0 }
  },
}

export function grantRoutes({ access, keyring }: RouteParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/grants',
      door: 'api',
      access: { permission: 'grants:read' },
      summary: 'Grants, newest first',
      query: grantQuery,
      responses: { 200: grantList },
      handler: async (ctx, { query: { grantor, grantee, ...asked } }) => {
        const { items, next } = await pageOf(
          keyring,
          ['grants', grantor ?? null, grantee ?? null],
          asked,
          (before, limit) => listGrants(ctx.db, { grantorId: grantor, granteeId: grantee, before }, limit),
          ({ id }) => id,
        )
        return { kind: 'json', body: { items: items.map(grantJson), next } }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/grants',
      door: 'api',
      access: { permission: 'grants:create' },
      summary: 'Pass permissions you hold to somebody else, for as long as you hold them',
      body: grantBody,
      responses: { 201: grant },
      handler: async (ctx, { body: { startsAt, endsAt, ...body } }) => {
        const row = await createGrant(ctx, access.vocabulary(), {
          ...body,
          startsAt: startsAt === undefined ? undefined : Date.parse(startsAt),
          endsAt: endsAt === undefined ? undefined : Date.parse(endsAt),
        })
        return { kind: 'json', status: 201, headers: { Location: `/api/v1/grants/${row.id}` }, body: grantJson(row) }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/grants/{grant}',
      door: 'api',
      access: { permission: 'grants:read:{grant}' },
      summary: 'One grant; who gave it and who has it may always look',
      params: grantParams,
      responses: { 200: grant },
      handler: async (ctx, { params }) => ({ kind: 'json', body: grantJson(await getGrant(ctx, params.grant)) }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/grants/{grant}/revoke',
      door: 'api',
      access: { permission: 'grants:revoke:{grant}' },
      summary: 'End a grant at once; who gave it and who has it may always do so',
      params: grantParams,
      responses: { 200: grant },
      handler: async (ctx, { params }) => ({ kind: 'json', body: grantJson(await endGrant(ctx, params.grant)) }),
    }),
  ]
}
