import type { Resource } from '#kit'
import type { Ctx } from '#platform'
import { coversEach, requireCoverageByRoles } from './coverage.ts'
import type { AccessFace, GivableRole } from './face.ts'
import { addMember, getGroup, requireBringable, rolesBroughtBy } from './groups.ts'
import { listGroups } from './groups-store.ts'
import { isAbove, rankOfActor, requireOutranksRole } from './ranks.ts'
import { groupResource, roleResource } from './resources.ts'
import { getRole, giveRole, permissionsOf } from './roles.ts'
import { listRoles } from './roles-store.ts'

/** What somebody new is given, by name. */
export interface Admission {
  readonly roles: readonly string[]
  readonly groups: readonly string[]
}

type Require = (ctx: Ctx, permission: string, resource?: Resource) => Promise<void>
/**
 * Whether the context's actor may give all of it: each role and group by its own permission, and everything they bring
 * must be held. Asked again by `admit`; this is to know before somebody is promised it.
 *
 * @throws GateError `access.refused`, `access.role-unknown`, `access.group-unknown`, `access.more-than-held`,
 * `access.outranked`
 */
export async function requireAdmissible(require: Require, ctx: Ctx, { roles, groups }: Admission): Promise<void> {
  for (const name of roles) {
    const role = await getRole(ctx, name)
    await require(ctx, `roles:assign:${name}`, roleResource(role))
    await requireCoverageByRoles(ctx, permissionsOf(role))
    await requireOutranksRole(ctx, role, `roles:assign:${name}`)
  }
  for (const name of groups) {
    const group = await getGroup(ctx, name)
    await require(ctx, `groups:update:${name}`, groupResource(group))
    await requireBringable(ctx, group)
  }
}

/** Gives a principal all of it, as the context's actor. Inside `ctx.tx`. @throws as `requireAdmissible` */
export async function admit(require: Require, ctx: Ctx, principalId: string, admission: Admission): Promise<void> {
  await requireAdmissible(require, ctx, admission)
  const holder = { kind: 'principal', id: principalId } as const
  for (const name of admission.roles) await giveRole(ctx, name, holder)
  for (const name of admission.groups) await addMember(ctx, name, holder)
}

/** Roles, or groups, a form offers. */
const mostOffered = 100

/** The roles whoever asks may give: what a form offers, never in place of asking when one is given. */
export async function givableRoles(decide: AccessFace['decide'], ctx: Ctx): Promise<readonly GivableRole[]> {
  const givable: GivableRole[] = []
  const own = await rankOfActor(ctx)
  for (const role of await listRoles(ctx.db, undefined, mostOffered)) {
    const { name, title } = role
    const permissions = permissionsOf(role)
    const { allowed } = await decide(ctx.actor, `roles:assign:${name}`, roleResource(role), { now: ctx.now })
    if (!allowed || !isAbove(own, role.rank)) continue
    if ((await coversEach(ctx, permissions)).every(Boolean)) givable.push({ name, title, permissions })
  }
  return givable
}

/** The groups whoever asks may bring somebody into, by the same rule. */
export async function givableGroups(decide: AccessFace['decide'], ctx: Ctx): Promise<readonly string[]> {
  const givable: string[] = []
  const own = await rankOfActor(ctx)
  for (const group of await listGroups(ctx.db, undefined, mostOffered)) {
    const { name } = group
    const { allowed } = await decide(ctx.actor, `groups:update:${name}`, groupResource(group), { now: ctx.now })
    if (!allowed) continue
    const roles = await rolesBroughtBy(ctx, group)
    if (!roles.every(({ rank }) => isAbove(own, rank))) continue
    if ((await coversEach(ctx, roles.flatMap(permissionsOf))).every(Boolean)) givable.push(name)
  }
  return givable
}
