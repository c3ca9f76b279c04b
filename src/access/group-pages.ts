import { z } from 'zod'
import { type Ctx, type FieldFault, type Reply, type Route, route } from '#platform'
import { groupBody, groupParams, groupPatch, listQuery } from './contract.ts'
import { groupPageDoors } from './doors.ts'
import { readGroupsOf } from './facts-store.ts'
import { groupPage as pageOfGroups, rolesOfGroup } from './group-routes.ts'
import { addMember, changeGroup, createGroup, deleteGroup, getGroup, removeMember } from './groups.ts'
import { countMembers, findMember, listMembers } from './groups-store.ts'
import { consentOf, policiesNaming } from './operator/named-things.ts'
import { faultsOf, parse } from './page-forms.ts'
import { candidatesFor, findHolder, holderForm, holderOf, knowingForm, knownIn, may, memberPage } from './page-parts.ts'
import { listRolesOf } from './roles-store.ts'
import type { RouteParts } from './routes.ts'
import type { GroupMemberRow, GroupRow } from './tables.ts'
import { deleteGroupPage, groupFormPage, groupListPage, groupPage, removeMemberPage, section } from './views/groups.ts'

const groupForm = z.strictObject({
  name: z.string().max(200).default(''),
  title: z.string().max(200),
  description: z.string().max(2_000).default(''),
})
type GroupForm = z.infer<typeof groupForm>

const memberQuery = z.strictObject({ cursor: z.string().max(1024).optional() })
const belonging = (row: GroupMemberRow) => ({ ...row, kind: row.member_kind, id: row.member_id })

/** Groups in the console. */
export function groupPages(parts: RouteParts): readonly Route[] {
  return [...editing(), ...reading(parts), ...joining(), ...deleting(parts)]
}

function reading(parts: RouteParts): readonly Route[] {
  const { access } = parts
  return [
    route({
      ...groupPageDoors['GET /groups'],
      query: listQuery,
      handler: async (ctx, { query }) => {
        const { items, next } = await pageOfGroups(parts, ctx, query)
        const members = await countMembers(
          ctx.db,
          items.map(({ id }) => id),
        )
        const roles = new Map<string, readonly string[]>()
        for (const row of items) roles.set(row.id, await rolesOfGroup(ctx, row))
        const page = groupListPage({
          groups: items,
          members,
          roles,
          mayCreate: await may(access, ctx, 'groups:create'),
          q: query.q,
          next: next ?? undefined,
          further: query.cursor !== undefined,
        })
        return { kind: 'page', page }
      },
    }),
    route({
      ...groupPageDoors['GET /groups/{group}'],
      params: groupParams,
      query: memberQuery,
      handler: async (ctx, { params, query: { cursor } }) => {
        const group = await getGroup(ctx, params.group)
        const members = await memberPage(
          ctx,
          parts.keyring,
          ['group-members', group.id],
          cursor,
          async (limit, after) => (await listMembers(ctx.db, group.id, limit, after)).map(belonging),
        )
        const mayUpdate = await may(access, ctx, `groups:update:${group.name}`)
        const mayDelete = await may(access, ctx, `groups:delete:${group.name}`)
        const inside = new Set([`group:${group.name}`, ...members.items.map(({ kind, id }) => `${kind}:${id}`)])
        const candidates = mayUpdate ? (await candidatesFor(ctx))?.filter(({ value }) => !inside.has(value)) : []
        const standing = await standingOf(ctx, group)
        const listed = {
          members: members.items,
          count: await memberCount(ctx, group),
          next: members.next,
          further: cursor !== undefined,
        }
        const view = { group, ...listed, ...standing, mayUpdate, mayDelete, candidates, now: ctx.now }
        return { kind: 'page', page: groupPage(view) }
      },
    }),
  ]
}

function editing(): readonly Route[] {
  return [
    route({
      ...groupPageDoors['GET /groups/new'],
      handler: () => Promise.resolve(formReply(undefined, { name: '', title: '', description: '' }, [])),
    }),
    route({
      ...groupPageDoors['POST /groups'],
      body: groupForm,
      handler: (ctx, { body }) => submitted(undefined, body, () => createGroup(ctx, parse(groupBody, body))),
    }),
    route({
      ...groupPageDoors['GET /groups/{group}/edit'],
      params: groupParams,
      handler: async (ctx, { params }) => {
        const group = await getGroup(ctx, params.group)
        return formReply(group, group, [])
      },
    }),
    route({
      ...groupPageDoors['POST /groups/{group}/edit'],
      params: groupParams,
      body: groupForm,
      handler: async (ctx, { params, body }) => {
        const group = await getGroup(ctx, params.group)
        return submitted(group, body, () => {
          const { title = group.title, description = '' } = parse(groupPatch, {
            title: body.title,
            description: body.description,
          })
          return changeGroup(ctx, group.name, { title, description })
        })
      },
    }),
  ]
}

function joining(): readonly Route[] {
  return [
    route({
      ...groupPageDoors['POST /groups/{group}/add'],
      params: groupParams,
      body: holderForm,
      handler: async (ctx, { params, body }) => {
        await addMember(ctx, params.group, await holderOf(ctx, body.holder))
        return backTo(params.group)
      },
    }),
    route({
      ...groupPageDoors['GET /groups/{group}/remove'],
      params: groupParams,
      query: holderForm,
      handler: async (ctx, { params, query }) => {
        const group = await getGroup(ctx, params.group)
        const member = await findHolder(ctx, await holderOf(ctx, query.holder), async (kind, id) => {
          const row = await findMember(ctx.db, group.id, kind, id)
          return row && belonging(row)
        })
        if (member === undefined) return backTo(group.name)
        const { roles, inherited } = await standingOf(ctx, group)
        const view = { group, holder: query.holder, name: member.name, isGroup: member.kind === 'group' }
        return { kind: 'page', page: removeMemberPage({ ...view, roles: [...roles, ...inherited] }) }
      },
    }),
    route({
      ...groupPageDoors['POST /groups/{group}/remove'],
      params: groupParams,
      body: holderForm,
      handler: async (ctx, { params, body }) => {
        await removeMember(ctx, params.group, await holderOf(ctx, body.holder))
        return backTo(params.group)
      },
    }),
  ]
}

function deleting({ access }: RouteParts): readonly Route[] {
  return [
    route({
      ...groupPageDoors['GET /groups/{group}/delete'],
      params: groupParams,
      handler: async (ctx, { params }) => {
        const group = await getGroup(ctx, params.group)
        const members = await memberCount(ctx, group)
        const { roles, inherited } = await standingOf(ctx, group)
        const naming = await policiesNaming(ctx, access.inForce, { kind: 'group', name: group.name })
        return { kind: 'page', page: deleteGroupPage(group, members, [...roles, ...inherited], naming) }
      },
    }),
    route({
      ...groupPageDoors['POST /groups/{group}/delete'],
      params: groupParams,
      body: knowingForm,
      handler: async (ctx, { params, body }) => {
        await deleteGroup(ctx, params.group, consentOf(access.inForce, knownIn(body)))
        return { kind: 'redirect', location: section }
      },
    }),
  ]
}

async function memberCount(ctx: Ctx, { id }: GroupRow): Promise<number> {
  return (await countMembers(ctx.db, [id])).get(id) ?? 0
}

/** What belonging to a group brings: its own roles, and those of the groups around it. */
async function standingOf(ctx: Ctx, group: GroupRow) {
  const roles = await rolesOfGroup(ctx, group)
  const groups = await readGroupsOf(ctx.db, 'group', group.id)
  const ids = groups.map(({ id }) => id)
  const others = (await listRolesOf(ctx.db, 'group', ids)).map(({ name }) => name)
  const inherited = others.filter((name) => !roles.includes(name))
  return { roles, inherited, around: groups.map(({ name }) => name).toSorted() }
}

/** Does it, or shows the form again with what stood in the way. */
async function submitted(group: GroupRow | undefined, body: GroupForm, work: () => Promise<GroupRow>): Promise<Reply> {
  try {
    return backTo((await work()).name)
  } catch (error) {
    const faults = faultsOf(error, { 'access.name-taken': 'name' })
    if (faults === undefined) throw error
    return { ...formReply(group, body, faults), status: 400 }
  }
}

function formReply(group: GroupRow | undefined, values: GroupForm, faults: readonly FieldFault[]): Reply {
  return { kind: 'page', page: groupFormPage(group === undefined ? { values, faults } : { group, values, faults }) }
}

function backTo(group: string): Reply {
  return { kind: 'redirect', location: `${section}/${encodeURIComponent(group)}` }
}
