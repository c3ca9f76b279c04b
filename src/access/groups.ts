import type { Ctx } from '#platform'
import { keepingAdministrator } from './administrators.ts'
import { requireCoverageByRoles } from './coverage.ts'
import { fail } from './errors.ts'
import { maxGroupDepth, readGroupsOf } from './facts-store.ts'
import {
  deleteMember,
  findGroup,
  insertGroup,
  insertMember,
  isGroupNameTaken,
  listGroupsAround,
  listGroupsInside,
  removeGroup,
  updateGroup,
} from './groups-store.ts'
import type { Consent } from './operator/named-things.ts'
import { getPrincipal } from './principals.ts'
import { requireOutranksHolder, requireOutranksMembers, requireOutranksRole } from './ranks.ts'
import { type Holder, permissionsOf } from './roles.ts'
import { listRolesOf } from './roles-store.ts'
import type { GroupRow, RoleRow } from './tables.ts'

export interface NewGroup {
  readonly name: string
  readonly title: string
  readonly description: string
}

/** @throws GateError `access.group-unknown` */
export async function getGroup(ctx: Ctx, name: string): Promise<GroupRow> {
  const group = await findGroup(ctx.db, name)
  if (group === undefined) throw fail('access.group-unknown', { fields: { name: name.slice(0, 80) } })
  return group
}

/** @throws GateError `access.name-taken` */
export async function createGroup(ctx: Ctx, { name, title, description }: NewGroup): Promise<GroupRow> {
  return ctx.tx(async (ctx) => {
    if (await isGroupNameTaken(ctx.db, name)) throw fail('access.name-taken', { fields: { name } })
    const times = { created_at: ctx.now, updated_at: ctx.now, removed_at: null }
    const row: GroupRow = { id: ctx.newId('grp'), name, title, description, revision: 1, ...times }
    await insertGroup(ctx.db, row)
    await ctx.audit({ action: 'groups.create', target: targetOf(row) })
    return row
  })
}

/** @throws GateError `access.group-unknown` */
export async function changeGroup(
  ctx: Ctx,
  name: string,
  change: Partial<Omit<NewGroup, 'name'>>,
  guard: (group: GroupRow) => void = () => {},
): Promise<GroupRow> {
  return ctx.tx(async (ctx) => {
    const group = await getGroup(ctx, name)
    guard(group)
    const { title = group.title, description = group.description } = change
    await updateGroup(ctx.db, group.id, { title, description }, ctx.now)
    await ctx.audit({ action: 'groups.update', target: targetOf(group), detail: { title, description } })
    return getGroup(ctx, name)
  })
}

/**
 * Its members lose what it brought them; its name stays taken.
 *
 * @throws GateError `access.group-unknown`, `access.outranked`, `access.named-by-policies`, `access.last-administrator`
 */
export async function deleteGroup(
  ctx: Ctx,
  name: string,
  consent: Consent,
  guard: (group: GroupRow) => void = () => {},
): Promise<void> {
  await ctx.tx(async (ctx) => {
    const group = await getGroup(ctx, name)
    guard(group)
    await requireOutranksMembers(ctx, group.id, `groups:delete:${name}`)
    const policies = await consent(ctx, { kind: 'group', name })
    await keepingAdministrator(ctx, () => removeGroup(ctx.db, group.id, ctx.now))
    await ctx.audit({ action: 'groups.delete', target: targetOf(group), detail: { policies } })
  })
}

/**
 * Adds a principal or another group. Whoever adds must hold everything that membership brings, roles of the groups
 * around this one included.
 *
 * @throws GateError `access.group-unknown`, `access.principal-unknown`, `access.group-circle`, `access.group-too-deep`,
 * `access.more-than-held`, `access.outranked`
 */
export async function addMember(ctx: Ctx, name: string, member: Holder): Promise<void> {
  await ctx.tx(async (ctx) => {
    const group = await getGroup(ctx, name)
    const { id, label } = await resolve(ctx, member)
    if (member.kind === 'group') await requireNestable(ctx, group, id, label)
    await requireBringable(ctx, group)
    await requireOutranksHolder(ctx, member.kind, id, `groups:update:${name}`)
    const row = {
      group_id: group.id,
      member_kind: member.kind,
      member_id: id,
      created_at: ctx.now,
      created_by: ctx.actor.principal.id,
    }
    if (!(await insertMember(ctx.db, row))) return
    await ctx.audit({ action: 'groups.add-member', target: targetOf(group), detail: { member: id, name: label } })
  })
}

/** The roles a group brings its members, with those of the groups it is in. */
export async function rolesBroughtBy({ db }: Ctx, group: { readonly id: string }): Promise<readonly RoleRow[]> {
  const around = [group, ...(await readGroupsOf(db, 'group', group.id))].map(({ id }) => id)
  return listRolesOf(db, 'group', around)
}

/**
 * Whether the actor may let somebody have all that a group brings: its permissions must be held, its ranks below their own.
 *
 * @throws GateError `access.more-than-held`, `access.outranked`
 */
export async function requireBringable(ctx: Ctx, group: { readonly id: string; readonly name: string }): Promise<void> {
  const roles = await rolesBroughtBy(ctx, group)
  await requireCoverageByRoles(ctx, roles.flatMap(permissionsOf))
  for (const role of roles) await requireOutranksRole(ctx, role, `groups:update:${group.name}`)
}

/** @throws GateError `access.group-unknown`, `access.principal-unknown`, `access.outranked`, `access.last-administrator` */
export async function removeMember(ctx: Ctx, name: string, member: Holder): Promise<void> {
  await ctx.tx(async (ctx) => {
    const group = await getGroup(ctx, name)
    const { id, label } = await resolve(ctx, member)
    await requireOutranksHolder(ctx, member.kind, id, `groups:update:${name}`)
    const removed = await keepingAdministrator(ctx, () => deleteMember(ctx.db, group.id, member.kind, id))
    if (!removed) return
    await ctx.audit({ action: 'groups.remove-member', target: targetOf(group), detail: { member: id, name: label } })
  })
}

async function requireNestable(ctx: Ctx, group: GroupRow, memberId: string, member: string): Promise<void> {
  const above = await levels(group.id, (ids) => listGroupsAround(ctx.db, ids))
  const below = await levels(memberId, (ids) => listGroupsInside(ctx.db, ids))
  if (above.ids.has(memberId)) throw fail('access.group-circle', { fields: { group: group.name, member } })
  if (above.depth + below.depth > maxGroupDepth) {
    throw fail('access.group-too-deep', { fields: { limit: maxGroupDepth } })
  }
}

/** Everything reachable, itself included, and how many levels that is. */
async function levels(
  id: string,
  next: (ids: readonly string[]) => Promise<readonly string[]>,
): Promise<{ readonly ids: ReadonlySet<string>; readonly depth: number }> {
  const ids = new Set([id])
  let level: readonly string[] = [id]
  for (let depth = 1; ; depth++) {
    level = (await next(level)).filter((found) => !ids.has(found))
    // one level past the limit is enough to refuse
    if (level.length === 0 || depth > maxGroupDepth) return { ids, depth }
    for (const found of level) ids.add(found)
  }
}

async function resolve(ctx: Ctx, { kind, id }: Holder): Promise<{ readonly id: string; readonly label: string }> {
  if (kind === 'principal') return { id, label: (await getPrincipal(ctx, id)).name }
  const group = await getGroup(ctx, id)
  return { id: group.id, label: group.name }
}

function targetOf(group: GroupRow): { readonly type: string; readonly id: string; readonly name: string } {
  return { type: 'groups', id: group.id, name: group.name }
}
