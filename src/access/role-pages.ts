import { z } from 'zod'
import { type Ctx, type FieldFault, type Reply, type Route, route } from '#platform'
import { listQuery, roleBody, roleParams, rolePatch } from './contract.ts'
import { rolePageDoors } from './doors.ts'
import type { OpenAccess } from './open.ts'
import { consentOf, policiesNaming } from './operator/named-things.ts'
import { faultsOf, linesOf, parse } from './page-forms.ts'
import { candidatesFor, findHolder, holderForm, holderOf, knowingForm, knownIn, may, memberPage } from './page-parts.ts'
import { rolePage as pageOfRoles } from './role-routes.ts'
import { changeRole, createRole, deleteRole, getRole, giveRole, permissionsOf, takeRole } from './roles.ts'
import { countHolders, findRoleHolder, listHolders } from './roles-store.ts'
import type { RouteParts } from './routes.ts'
import type { RoleHolderRow, RoleRow } from './tables.ts'
import { deleteRolePage, roleFormPage, roleListPage, rolePage, section, takePage } from './views/roles.ts'

const several = z.union([z.string().transform((one) => [one]), z.array(z.string())]).default([])
const roleForm = z.strictObject({
  name: z.string().max(200).default(''),
  title: z.string().max(200),
  description: z.string().max(2_000).default(''),
  permissions: several,
  more: z.string().max(40_000).default(''),
  rank: z.string().max(20).default('0'),
})
type RoleForm = z.infer<typeof roleForm>
const memberQuery = z.strictObject({ cursor: z.string().max(1024).optional() })
const holding = (row: RoleHolderRow) => ({ ...row, kind: row.holder_kind, id: row.holder_id })

/** Roles in the console. */
export function rolePages(parts: RouteParts): readonly Route[] {
  return [...editing(parts), ...reading(parts), ...assigning(parts), ...deleting(parts)]
}

function reading(parts: RouteParts): readonly Route[] {
  const { access } = parts
  return [
    route({
      ...rolePageDoors['GET /roles'],
      query: listQuery,
      handler: async (ctx, { query }) => {
        const { items, next } = await pageOfRoles(parts, ctx, query)
        const holders = await countHolders(
          ctx.db,
          items.map(({ id }) => id),
        )
        const mayCreate = await may(access, ctx, 'roles:create')
        const further = query.cursor !== undefined
        const vocabulary = access.vocabulary()
        return {
          kind: 'page',
          page: roleListPage({
            roles: items,
            holders,
            mayCreate,
            q: query.q,
            next: next ?? undefined,
            further,
            vocabulary,
          }),
        }
      },
    }),
    route({
      ...rolePageDoors['GET /roles/{role}'],
      params: roleParams,
      query: memberQuery,
      handler: async (ctx, { params, query: { cursor } }) => {
        const role = await getRole(ctx, params.role)
        const holders = await memberPage(ctx, parts.keyring, ['role-holders', role.id], cursor, async (limit, after) =>
          (await listHolders(ctx.db, role.id, limit, after)).map(holding),
        )
        const [mayUpdate, mayDelete, mayAssign] = [
          await may(access, ctx, `roles:update:${role.name}`),
          await may(access, ctx, `roles:delete:${role.name}`),
          await may(access, ctx, `roles:assign:${role.name}`),
        ]
        const held = new Set(holders.items.map(({ kind, id }) => `${kind}:${id}`))
        const candidates = mayAssign ? (await candidatesFor(ctx))?.filter(({ value }) => !held.has(value)) : []
        const standing = {
          holders: holders.items,
          count: await holderCount(ctx, role),
          next: holders.next,
          further: cursor !== undefined,
        }
        const view = { role, ...standing, mayUpdate, mayDelete, mayAssign, candidates, now: ctx.now }
        return { kind: 'page', page: rolePage({ ...view, vocabulary: access.vocabulary() }) }
      },
    }),
  ]
}

function editing({ access }: RouteParts): readonly Route[] {
  return [
    route({
      ...rolePageDoors['GET /roles/new'],
      handler: () => Promise.resolve(formReply(access, undefined, 0, emptyForm, [])),
    }),
    route({
      ...rolePageDoors['POST /roles'],
      body: roleForm,
      handler: (ctx, { body }) =>
        submitted(access, undefined, 0, body, async () => {
          const role = await createRole(ctx, access.vocabulary(), parse(roleBody, { ...texts(body), name: body.name }))
          return role.name
        }),
    }),
    route({
      ...rolePageDoors['GET /roles/{role}/edit'],
      params: roleParams,
      handler: async (ctx, { params }) => {
        const role = await getRole(ctx, params.role)
        const { name, title, description } = role
        const held = { permissions: [...permissionsOf(role)], more: '', rank: String(role.rank) }
        const values = { name, title, description, ...held }
        return formReply(access, role, await holderCount(ctx, role), values, [])
      },
    }),
    route({
      ...rolePageDoors['POST /roles/{role}/edit'],
      params: roleParams,
      body: roleForm,
      handler: async (ctx, { params, body }) => {
        const role = await getRole(ctx, params.role)
        return submitted(access, role, await holderCount(ctx, role), body, async () => {
          const { title = role.title, description = '', permissions = [], rank = 0 } = parse(rolePatch, texts(body))
          await changeRole(ctx, access.vocabulary(), role.name, { title, description, permissions, rank })
          return role.name
        })
      },
    }),
  ]
}

function assigning({ access }: RouteParts): readonly Route[] {
  return [
    route({
      ...rolePageDoors['POST /roles/{role}/give'],
      params: roleParams,
      body: holderForm,
      handler: async (ctx, { params, body }) => {
        await giveRole(ctx, params.role, await holderOf(ctx, body.holder))
        return backTo(params.role)
      },
    }),
    route({
      ...rolePageDoors['GET /roles/{role}/take'],
      params: roleParams,
      query: holderForm,
      handler: async (ctx, { params, query }) => {
        const role = await getRole(ctx, params.role)
        const held = await findHolder(ctx, await holderOf(ctx, query.holder), async (kind, id) => {
          const row = await findRoleHolder(ctx.db, role.id, kind, id)
          return row && holding(row)
        })
        if (held === undefined) return backTo(role.name)
        const view = { role, holder: query.holder, name: held.name, isGroup: held.kind === 'group' }
        return { kind: 'page', page: takePage({ ...view, vocabulary: access.vocabulary() }) }
      },
    }),
    route({
      ...rolePageDoors['POST /roles/{role}/take'],
      params: roleParams,
      body: holderForm,
      handler: async (ctx, { params, body }) => {
        await takeRole(ctx, params.role, await holderOf(ctx, body.holder))
        return backTo(params.role)
      },
    }),
  ]
}

function deleting({ access }: RouteParts): readonly Route[] {
  return [
    route({
      ...rolePageDoors['GET /roles/{role}/delete'],
      params: roleParams,
      handler: async (ctx, { params }) => {
        const role = await getRole(ctx, params.role)
        const naming = await policiesNaming(ctx, access.inForce, { kind: 'role', name: role.name })
        return { kind: 'page', page: deleteRolePage(role, await holderCount(ctx, role), naming) }
      },
    }),
    route({
      ...rolePageDoors['POST /roles/{role}/delete'],
      params: roleParams,
      body: knowingForm,
      handler: async (ctx, { params, body }) => {
        await deleteRole(ctx, params.role, consentOf(access.inForce, knownIn(body)))
        return { kind: 'redirect', location: section }
      },
    }),
  ]
}

const emptyForm: RoleForm = { name: '', title: '', description: '', permissions: [], more: '', rank: '0' }

/** Refusals that are about a field of the form. */
const faultFields = {
  'access.name-taken': 'name',
  'access.bad-permission': 'more',
  'access.more-than-held': 'more',
  'access.outranked': 'rank',
  'access.too-many': 'more',
}

/** Does it, or shows the form again with what stood in the way. */
async function submitted(
  access: OpenAccess,
  role: RoleRow | undefined,
  holders: number,
  body: RoleForm,
  work: () => Promise<string>,
): Promise<Reply> {
  try {
    return backTo(await work())
  } catch (error) {
    const faults = faultsOf(error, faultFields)
    if (faults === undefined) throw error
    return { ...formReply(access, role, holders, body, faults), status: 400 }
  }
}

function texts({ title, description, permissions, more, rank }: RoleForm) {
  return { title, description, permissions: [...permissions, ...linesOf(more)], rank: rank === '' ? 0 : Number(rank) }
}

function formReply(
  access: OpenAccess,
  role: RoleRow | undefined,
  holders: number,
  body: RoleForm,
  faults: readonly FieldFault[],
): Reply {
  const values = { ...texts(body), name: body.name, rank: body.rank }
  const view = { values, holders, faults, vocabulary: access.vocabulary() }
  return { kind: 'page', page: roleFormPage(role === undefined ? view : { ...view, role }) }
}

function backTo(role: string): Reply {
  return { kind: 'redirect', location: `${section}/${encodeURIComponent(role)}` }
}

async function holderCount(ctx: Ctx, { id }: RoleRow): Promise<number> {
  return (await countHolders(ctx.db, [id])).get(id) ?? 0
}
