import { type Route, route } from '#platform'
import { grant, grantBody, grantList, grantParams, grantQuery } from './contract.ts'
import { grantDoors } from './doors.ts'
import { fail } from './errors.ts'
import { createGrant, endGrant, getGrant } from './grants.ts'
import { listGrants } from './grants-store.ts'
import { textOf } from './page.ts'
import { grantResource } from './resources.ts'
import type { RouteParts } from './routes.ts'
import { grantJson } from './wire.ts'

export function grantRoutes({ access, keyring }: RouteParts): readonly Route[] {
  return [
    route({
      ...grantDoors['GET /api/v1/grants'],
      query: grantQuery,
      responses: { 200: grantList },
      handler: async (ctx, { query: { grantor, grantee, ...asked } }) => {
        const { items, next } = await access.face.list(ctx, {
          permission: 'grants:read',
          query: ['grants', grantor ?? null, grantee ?? null],
          ...asked,
          keyring,
          read: (position, limit, only) =>
            listGrants(
              ctx.db,
              {
                grantorId: grantor,
                granteeId: grantee,
                before: textOf(position),
                ...(only === undefined ? {} : { only }),
              },
              limit,
            ),
          thing: (row) => ({ id: row.id, resource: grantResource(row) }),
          position: ({ id }) => [id],
        })
        return { kind: 'json', body: { items: items.map(grantJson), next } }
      },
    }),
    route({
      ...grantDoors['POST /api/v1/grants'],
      body: grantBody,
      responses: { 201: grant },
      handler: async (ctx, { body: { startsAt, endsAt, ...body } }) => {
        // files may still name one that is over by now; who asks for one anew made a mistake
        if (endsAt !== undefined && Date.parse(endsAt) <= ctx.now) throw fail('access.grant-already-over')
        const row = await createGrant(ctx, access.vocabulary(), {
          ...body,
          startsAt: startsAt === undefined ? undefined : Date.parse(startsAt),
          endsAt: endsAt === undefined ? undefined : Date.parse(endsAt),
        })
        return { kind: 'json', status: 201, headers: { Location: `/api/v1/grants/${row.id}` }, body: grantJson(row) }
      },
    }),
    route({
      ...grantDoors['GET /api/v1/grants/{grant}'],
      params: grantParams,
      responses: { 200: grant },
      handler: async (ctx, { params }) => ({ kind: 'json', body: grantJson(await getGrant(ctx, params.grant)) }),
    }),
    route({
      ...grantDoors['POST /api/v1/grants/{grant}/revoke'],
      params: grantParams,
      responses: { 200: grant },
      handler: async (ctx, { params }) => ({ kind: 'json', body: grantJson(await endGrant(ctx, params.grant)) }),
    }),
  ]
}
