import { allWithin } from '#kit'
import type { Ctx } from '#platform'
import { keepingAdministrator } from './administrators.ts'
import { requireCoverageByRoles } from './coverage.ts'
import { fail } from './errors.ts'
import { findGroup } from './groups-store.ts'
import type { Consent } from './operator/named-things.ts'
import type { Vocabulary } from './permissions.ts'
import { getPrincipal } from './principals.ts'
import { requireOutranksHolder, requireOutranksHolders, requireOutranksRole } from './ranks.ts'
import {
  deleteHolder,
  findRole,
  insertHolder,
  insertRole,
  isRoleNameTaken,
  removeRole,
  updateRole,
} from './roles-store.ts'
import type { MemberKind, RoleRow } from './tables.ts'

export interface NewRole {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly permissions: readonly string[]
  /** Of 0 (none) to 1,000. */
  readonly rank: number
}

/** Who receives or gives back a role; a group by its name. */
export interface Holder {
  readonly kind: MemberKind
  /** A principal's id or a group's name. */
  readonly id: string
}

/** The patterns of a role. */
export function permissionsOf(role: RoleRow): readonly string[] {
  return JSON.parse(role.permissions) as readonly string[]
}

/** @throws GateError `access.role-unknown` */
export async function getRole(ctx: Ctx, name: string): Promise<RoleRow> {
  const role = await findRole(ctx.db, name)
  if (role === undefined) throw fail('access.role-unknown', { fields: { name: name.slice(0, 80) } })
  return role
}

/** @throws GateError `access.name-taken`, `access.bad-permission`, `access.more-than-held`, `access.outranked` */
export async function createRole(ctx: Ctx, vocabulary: Vocabulary, role: NewRole): Promise<RoleRow> {
  const permissions = vocabulary.require(role.permissions)
  return ctx.tx(async (ctx) => {
    if (await isRoleNameTaken(ctx.db, role.name)) throw fail('access.name-taken', { fields: { name: role.name } })
    await requireCoverageByRoles(ctx, permissions)
    await requireOutranksRole(ctx, role, 'roles:create')
    const row: RoleRow = {
      id: ctx.newId('rol'),
      name: role.name,
      title: role.title,
      description: role.description,
      permissions: JSON.stringify(permissions),
      built_in: 0,
      rank: role.rank,
      revision: 1,
      created_at: ctx.now,
      updated_at: ctx.now,
      removed_at: null,
    }
    await insertRole(ctx.db, row)
    await ctx.audit({ action: 'roles.create', target: targetOf(row), detail: { permissions, rank: role.rank } })
    return row
  })
}

/**
 * Changes a role for everybody who holds it. Only what it gains must be held by whoever changes it; where it permits or
 * ranks otherwise than before, they must outrank everybody who holds it.
 *
 * @throws GateError `access.role-unknown`, `access.role-built-in`, `access.bad-permission`, `access.more-than-held`,
 * `access.outranked`
 */
export async function changeRole(
  ctx: Ctx,
  vocabulary: Vocabulary,
  name: string,
  change: Partial<Omit<NewRole, 'name'>>,
  guard: (role: RoleRow) => void = () => {},
): Promise<RoleRow> {
  const permissions = change.permissions === undefined ? undefined : vocabulary.require(change.permissions)
  return ctx.tx(async (ctx) => {
    const role = await getChangeable(ctx, name)
    guard(role)
    const before = permissionsOf(role)
    const { rank = role.rank } = change
    await requireOutranksRole(ctx, { title: role.title, rank: Math.max(role.rank, rank) }, `roles:update:${name}`)
    if (rank !== role.rank || (permissions !== undefined && !isSame(permissions, before))) {
      await requireOutranksHolders(ctx, role.id, `roles:update:${name}`)
    }
    if (permissions !== undefined)
      await requireCoverageByRoles(
        ctx,
        permissions.filter((text) => !allWithin([text], before)),
      )
    const { title = role.title, description = role.description } = change
    const stored = permissions === undefined ? role.permissions : JSON.stringify(permissions)
    await updateRole(ctx.db, role.id, { title, description, permissions: stored, rank }, ctx.now)
    const detail = { title, description, rank, ...(permissions === undefined ? {} : { before, permissions }) }
    await ctx.audit({ action: 'roles.update', target: targetOf(role), detail })
    return getRole(ctx, name)
  })
}

/**
 * Takes the role from everybody; its name stays taken.
 *
 * @throws GateError `access.role-unknown`, `access.role-built-in`, `access.outranked`, `access.named-by-policies`
 */
export async function deleteRole(
  ctx: Ctx,
  name: string,
  consent: Consent,
  guard: (role: RoleRow) => void = () => {},
): Promise<void> {
  await ctx.tx(async (ctx) => {
    const role = await getChangeable(ctx, name)
    guard(role)
    await requireOutranksRole(ctx, role, `roles:delete:${name}`)
    await requireOutranksHolders(ctx, role.id, `roles:delete:${name}`)
    const policies = await consent(ctx, { kind: 'role', name })
    const holders = await removeRole(ctx.db, role.id, ctx.now)
    await ctx.audit({
      action: 'roles.delete',
      target: targetOf(role),
      detail: { holders, permissions: permissionsOf(role), policies },
    })
  })
}

/**
 * Gives a role.
 *
 * @throws GateError `access.role-unknown`, `access.principal-unknown`, `access.group-unknown`, `access.more-than-held`,
 * `access.outranked`
 */
export async function giveRole(ctx: Ctx, name: string, holder: Holder): Promise<void> {
  await ctx.tx(async (ctx) => {
    const role = await getRole(ctx, name)
    await requireCoverageByRoles(ctx, permissionsOf(role))
    await requireAssignable(ctx, role, holder.kind, (await resolve(ctx, holder)).id)
    await giveRoleUnasked(ctx, role, holder)
  })
}

/** Gives a role by name without asking who gives it: for set-up and for use-cases that asked already. */
export async function assignRole(ctx: Ctx, principalId: string, name: string): Promise<void> {
  await ctx.tx(async (ctx) => giveRoleUnasked(ctx, await getRole(ctx, name), { kind: 'principal', id: principalId }))
}

/**
 * Takes a role.
 *
 * @throws GateError `access.role-unknown`, `access.principal-unknown`, `access.group-unknown`, `access.outranked`,
 * `access.last-administrator`
 */
export async function takeRole(ctx: Ctx, name: string, holder: Holder): Promise<void> {
  await ctx.tx(async (ctx) => {
    const role = await getRole(ctx, name)
    const { id, label } = await resolve(ctx, holder)
    await requireAssignable(ctx, role, holder.kind, id)
    const held = await keepingAdministrator(ctx, () => deleteHolder(ctx.db, role.id, holder.kind, id))
    if (held) await ctx.audit({ action: 'roles.take', target: targetOf(role), detail: { from: id, name: label } })
  })
}

async function giveRoleUnasked(ctx: Ctx, role: RoleRow, holder: Holder): Promise<void> {
  const { id, label } = await resolve(ctx, holder)
  const row = {
    role_id: role.id,
    holder_kind: holder.kind,
    holder_id: id,
    created_at: ctx.now,
    created_by: ctx.actor.principal.id,
  }
  if (!(await insertHolder(ctx.db, row))) return
  await ctx.audit({ action: 'roles.give', target: targetOf(role), detail: { to: id, name: label } })
}

async function resolve(ctx: Ctx, { kind, id }: Holder): Promise<{ readonly id: string; readonly label: string }> {
  if (kind === 'principal') return { id, label: (await getPrincipal(ctx, id)).name }
  const group = await findGroup(ctx.db, id)
  if (group === undefined) throw fail('access.group-unknown', { fields: { name: id.slice(0, 80) } })
  return { id: group.id, label: group.name }
}

/** A rank as high as one's own is given to nobody and taken from nobody, and neither is any role of who has such a rank. */
async function requireAssignable(ctx: Ctx, role: RoleRow, kind: MemberKind, id: string): Promise<void> {
  const permission = `roles:assign:${role.name}`
  await requireOutranksRole(ctx, role, permission)
  await requireOutranksHolder(ctx, kind, id, permission)
}

async function getChangeable(ctx: Ctx, name: string): Promise<RoleRow> {
  const role = await getRole(ctx, name)
  if (role.built_in === 1) throw fail('access.role-built-in', { fields: { name } })
  return role
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return allWithin(some, others) && allWithin(others, some)
}

function targetOf(role: RoleRow): { readonly type: string; readonly id: string; readonly name: string } {
  return { type: 'roles', id: role.id, name: role.name }
}
