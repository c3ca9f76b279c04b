import { type Ctx, type Route, requireUnchanged, revisionTag, route } from '#platform'
import {
  deleteQuery,
  holder,
  listQuery,
  memberList,
  role,
  roleBody,
  roleList,
  roleParams,
  rolePatch,
} from './contract.ts'
import { roleDoors } from './doors.ts'
import { consentOf } from './operator/named-things.ts'
import { inTextOrder, type Page, type PageAsked } from './page.ts'
import { roleResource } from './resources.ts'
import { changeRole, createRole, deleteRole, getRole, giveRole, takeRole } from './roles.ts'
import { countHolders, listHolders, listRoles } from './roles-store.ts'
import type { RouteParts } from './routes.ts'
import type { RoleRow } from './tables.ts'
import { type MemberJson, membersJson, roleJson } from './wire.ts'

/** Enough to see every holder of a role at once; a group stands for its members. */
export const maxShownMembers = 1_000

export function roleRoutes(parts: RouteParts): readonly Route[] {
  const { access } = parts
  return [
    route({
      ...roleDoors['GET /api/v1/roles'],
      query: listQuery,
      responses: { 200: roleList },
      handler: async (ctx, { query }) => {
        const { items, next } = await rolePage(parts, ctx, query)
        const holders = await countHolders(
          ctx.db,
          items.map(({ id }) => id),
        )
        const body = items.map((row) => ({ ...roleJson(row), holders: holders.get(row.id) ?? 0 }))
        return { kind: 'json', body: { items: body, next } }
      },
    }),
    route({
      ...roleDoors['POST /api/v1/roles'],
      body: roleBody,
      responses: { 201: role },
      handler: async (ctx, { body }) => {
        const row = await createRole(ctx, access.vocabulary(), body)
        const headers = { Location: `/api/v1/roles/${row.name}` }
        return { kind: 'json', status: 201, headers, body: roleJson(row), etag: revisionTag(row.revision) }
      },
    }),
    route({
      ...roleDoors['GET /api/v1/roles/{role}'],
      params: roleParams,
      responses: { 200: role },
      handler: async (ctx, { params }) => {
        const row = await getRole(ctx, params.role)
        return { kind: 'json', body: roleJson(row), etag: revisionTag(row.revision) }
      },
    }),
    route({
      ...roleDoors['PATCH /api/v1/roles/{role}'],
      params: roleParams,
      body: rolePatch,
      responses: { 200: role },
      handler: async (ctx, { params, body, request }) => {
        const { title, description, permissions, rank } = body
        const change = {
          ...(title === undefined ? {} : { title }),
          ...(description === undefined ? {} : { description }),
          ...(permissions === undefined ? {} : { permissions }),
          ...(rank === undefined ? {} : { rank }),
        }
        const guard = ({ revision }: RoleRow) => requireUnchanged(request.headers, revision)
        const row = await changeRole(ctx, access.vocabulary(), params.role, change, guard)
        return { kind: 'json', body: roleJson(row), etag: revisionTag(row.revision) }
      },
    }),
    route({
      ...roleDoors['DELETE /api/v1/roles/{role}'],
      params: roleParams,
      query: deleteQuery,
      responses: { 204: undefined },
      handler: async (ctx, { params, query, request }) => {
        const consent = consentOf(access.inForce, query.force ? 'all' : [])
        await deleteRole(ctx, params.role, consent, ({ revision }) => requireUnchanged(request.headers, revision))
        return { kind: 'empty', status: 204 }
      },
    }),
    ...holderRoutes(),
  ]
}

function holderRoutes(): readonly Route[] {
  return [
    route({
      ...roleDoors['GET /api/v1/roles/{role}/holders'],
      params: roleParams,
      responses: { 200: memberList },
      handler: async (ctx, { params }) => {
        const items = await holdersOf(ctx, await getRole(ctx, params.role))
        return { kind: 'json', body: { items, next: null } }
      },
    }),
    route({
      ...roleDoors['POST /api/v1/roles/{role}/give'],
      params: roleParams,
      body: holder,
      responses: { 204: undefined },
      handler: async (ctx, { params, body }) => {
        await giveRole(ctx, params.role, body)
        return { kind: 'empty', status: 204 }
      },
    }),
    route({
      ...roleDoors['POST /api/v1/roles/{role}/take'],
      params: roleParams,
      body: holder,
      responses: { 204: undefined },
      handler: async (ctx, { params, body }) => {
        await takeRole(ctx, params.role, body)
        return { kind: 'empty', status: 204 }
      },
    }),
  ]
}

/** One page of roles by name. @throws GateError `platform.bad-cursor` */
export function rolePage(
  { access, keyring }: RouteParts,
  ctx: Ctx,
  asked: PageAsked & { readonly q?: string | undefined },
): Promise<Page<RoleRow>> {
  const spec = inTextOrder<RoleRow>(keyring, asked, {
    permission: 'roles:read',
    query: ['roles', ...(asked.q === undefined ? [] : [asked.q])],
    read: (after, limit, only) => listRoles(ctx.db, after, limit, asked.q, only),
    keyOf: (row) => row.name,
    thing: (row) => ({ id: row.name, resource: roleResource(row) }),
  })
  return access.face.list(ctx, spec)
}

/** Who holds a role, longest first. */
export async function holdersOf(ctx: Ctx, { id }: RoleRow): Promise<MemberJson[]> {
  const rows = await listHolders(ctx.db, id, maxShownMembers)
  return membersJson(
    ctx.db,
    rows.map((row) => ({ ...row, kind: row.holder_kind, id: row.holder_id })),
  )
}
