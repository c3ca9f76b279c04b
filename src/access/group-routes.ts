import { type Ctx, type Route, requireUnchanged, revisionTag, route } from '#platform'
import {
  deleteQuery,
  group,
  groupBody,
  groupList,
  groupParams,
  groupPatch,
  holder,
  listQuery,
  memberList,
} from './contract.ts'
import { groupDoors } from './doors.ts'
import { addMember, changeGroup, createGroup, deleteGroup, getGroup, removeMember } from './groups.ts'
import { countMembers, listGroups, listMembers } from './groups-store.ts'
import { consentOf } from './operator/named-things.ts'
import { inTextOrder, type Page, type PageAsked } from './page.ts'
import { groupResource } from './resources.ts'
import { maxShownMembers } from './role-routes.ts'
import { listRolesOf } from './roles-store.ts'
import type { RouteParts } from './routes.ts'
import type { GroupRow } from './tables.ts'
import { groupJson, type MemberJson, membersJson } from './wire.ts'

export function groupRoutes(parts: RouteParts): readonly Route[] {
  const { access } = parts
  return [
    route({
      ...groupDoors['GET /api/v1/groups'],
      query: listQuery,
      responses: { 200: groupList },
      handler: async (ctx, { query }) => {
        const { items, next } = await groupPage(parts, ctx, query)
        const members = await countMembers(
          ctx.db,
          items.map(({ id }) => id),
        )
        const body = []
        for (const row of items) {
          const roles = await rolesOfGroup(ctx, row)
          body.push({ ...groupJson(row), members: members.get(row.id) ?? 0, roles })
        }
        return { kind: 'json', body: { items: body, next } }
      },
    }),
    route({
      ...groupDoors['POST /api/v1/groups'],
      body: groupBody,
      responses: { 201: group },
      handler: async (ctx, { body }) => {
        const row = await createGroup(ctx, body)
        const headers = { Location: `/api/v1/groups/${row.name}` }
        return { kind: 'json', status: 201, headers, body: groupJson(row), etag: revisionTag(row.revision) }
      },
    }),
    route({
      ...groupDoors['GET /api/v1/groups/{group}'],
      params: groupParams,
      responses: { 200: group },
      handler: async (ctx, { params }) => {
        const row = await getGroup(ctx, params.group)
        return { kind: 'json', body: groupJson(row), etag: revisionTag(row.revision) }
      },
    }),
    route({
      ...groupDoors['PATCH /api/v1/groups/{group}'],
      params: groupParams,
      body: groupPatch,
      responses: { 200: group },
      handler: async (ctx, { params, body: { title, description }, request }) => {
        const change = {
          ...(title === undefined ? {} : { title }),
          ...(description === undefined ? {} : { description }),
        }
        const guard = ({ revision }: GroupRow) => requireUnchanged(request.headers, revision)
        const row = await changeGroup(ctx, params.group, change, guard)
        return { kind: 'json', body: groupJson(row), etag: revisionTag(row.revision) }
      },
    }),
    route({
      ...groupDoors['DELETE /api/v1/groups/{group}'],
      params: groupParams,
      query: deleteQuery,
      responses: { 204: undefined },
      handler: async (ctx, { params, query, request }) => {
        const consent = consentOf(access.inForce, query.force ? 'all' : [])
        await deleteGroup(ctx, params.group, consent, ({ revision }) => requireUnchanged(request.headers, revision))
        return { kind: 'empty', status: 204 }
      },
    }),
    ...memberRoutes(),
  ]
}

function memberRoutes(): readonly Route[] {
  return [
    route({
      ...groupDoors['GET /api/v1/groups/{group}/members'],
      params: groupParams,
      responses: { 200: memberList },
      handler: async (ctx, { params }) => {
        const items = await membersOf(ctx, await getGroup(ctx, params.group))
        return { kind: 'json', body: { items, next: null } }
      },
    }),
    route({
      ...groupDoors['POST /api/v1/groups/{group}/add-member'],
      params: groupParams,
      body: holder,
      responses: { 204: undefined },
      handler: async (ctx, { params, body }) => {
        await addMember(ctx, params.group, body)
        return { kind: 'empty', status: 204 }
      },
    }),
    route({
      ...groupDoors['POST /api/v1/groups/{group}/remove-member'],
      params: groupParams,
      body: holder,
      responses: { 204: undefined },
      handler: async (ctx, { params, body }) => {
        await removeMember(ctx, params.group, body)
        return { kind: 'empty', status: 204 }
      },
    }),
  ]
}

/** One page of groups by name. @throws GateError `platform.bad-cursor` */
export function groupPage(
  { access, keyring }: RouteParts,
  ctx: Ctx,
  asked: PageAsked & { readonly q?: string | undefined },
): Promise<Page<GroupRow>> {
  const spec = inTextOrder<GroupRow>(keyring, asked, {
    permission: 'groups:read',
    query: ['groups', ...(asked.q === undefined ? [] : [asked.q])],
    read: (after, limit, only) => listGroups(ctx.db, after, limit, asked.q, only),
    keyOf: (row) => row.name,
    thing: (row) => ({ id: row.name, resource: groupResource(row) }),
  })
  return access.face.list(ctx, spec)
}

/** Direct members, longest first. */
export async function membersOf(ctx: Ctx, { id }: GroupRow): Promise<MemberJson[]> {
  const rows = await listMembers(ctx.db, id, maxShownMembers)
  return membersJson(
    ctx.db,
    rows.map((row) => ({ ...row, kind: row.member_kind, id: row.member_id })),
  )
}

/** Names of the roles a group holds itself. */
export async function rolesOfGroup(ctx: Ctx, { id }: GroupRow): Promise<readonly string[]> {
  return (await listRolesOf(ctx.db, 'group', [id])).map(({ name }) => name)
}
