import { type Permission, type PrincipalKind, permissionText, type Resource } from '#kit'
import type { Ctx } from '#platform'
import { permissionFor } from '../each.ts'
import { StoredRole } from '../facts.ts'
import { listGranteesOf } from '../grants-store.ts'
import { findGroupsByName, listMembersOfGroups } from '../groups-store.ts'
import { wantsPermission } from '../holding.ts'
import type { OpenAccess } from '../open.ts'
import { permitsOf } from '../policy-plan.ts'
import { collectionType } from '../policy-schema.ts'
import { listRoleHolders, listRoles } from '../roles-store.ts'

/** More candidates than these are not held together: then everybody of the kind is asked about, page by page. */
const maxCandidates = 20_000

/**
 * Ids of everybody who could be permitted, some of whom may turn out not to be; `undefined`: anybody could. Whoever is left
 * out is refused: no role, grant, relation or policy could permit them.
 */
export async function subjectsWithin(
  access: Pick<OpenAccess, 'vocabulary' | 'inForce'>,
  ctx: Ctx,
  asked: {
    readonly kind: PrincipalKind
    readonly resource: { readonly type: string; readonly id: string }
    readonly thing: Resource | undefined
    readonly action: string
  },
): Promise<readonly string[] | undefined> {
  const { kind, resource, thing, action } = asked
  const engine = await access.inForce.read(ctx.db)
  const paths = access.vocabulary().types.get(resource.type)?.ids === 'path'
  const permission = permissionFor({ type: resource.type, action, paths }, resource.id)
  if (engine === null || permission === undefined) return []
  const permits = permitsOf(engine.policies, kind, `${resource.type}:${action}`, thing?.type ?? collectionType)
  const found = new Set(permits.principals)
  if (permits.anybody) return undefined
  if (permits.held) {
    const holders = await holdersOf(ctx, permission)
    if (holders === undefined) return undefined
    for (const id of holders) found.add(id)
  }
  if (permits.related && thing !== undefined) {
    // relations a room keeps in attributes of its own are not taken apart here
    if (Object.hasOwn(thing.attributes, 'members') || Object.hasOwn(thing.attributes, 'groups')) return undefined
    for (const id of await relatedTo(ctx, thing)) found.add(id)
  }
  return found.size > maxCandidates ? undefined : [...found]
}

/** Everybody with a role or live grant that covers it; `undefined`: too many ways to write it. */
async function holdersOf(ctx: Ctx, permission: Permission): Promise<readonly string[] | undefined> {
  const texts = patternsCovering(permission)
  if (texts === undefined) return undefined
  const wanted = wantsPermission(permission)
  const roles = await listRoles(ctx.db, undefined, 100_000)
  const covering = roles.filter((role) => wanted.by([new StoredRole(role.name, role.permissions)]))
  const { principals, groups } = await listRoleHolders(
    ctx.db,
    covering.map(({ id }) => id),
  )
  const members = await listMembersOfGroups(ctx.db, groups)
  return [...principals, ...members, ...(await listGranteesOf(ctx.db, texts, ctx.now))]
}

async function relatedTo(ctx: Ctx, { owner, members, attributes }: Resource): Promise<readonly string[]> {
  const own = [owner, attributes['owner']].filter((id) => typeof id === 'string')
  const groups = await findGroupsByName(ctx.db, members?.groups ?? [])
  const inside = await listMembersOfGroups(
    ctx.db,
    groups.map(({ id }) => id),
  )
  return [...own, ...(members?.principals ?? []), ...inside]
}

/** Every pattern that covers a permission, as text; `undefined`: they are too many to look each up. */
export function patternsCovering({ type, action, id }: Permission): readonly string[] | undefined {
  if (id === undefined || id.length > 6) return id === undefined ? ['*', `${type}:*`, `${type}:${action}`] : undefined
  let ways: readonly (readonly string[])[] = [[]]
  const open: (readonly string[])[] = []
  for (const segment of id) {
    // `**` stands for this segment and all that follow
    open.push(...ways.map((way) => [...way, '**']))
    ways = ways.flatMap((way) => [
      [...way, segment],
      [...way, '*'],
    ])
  }
  const ids = [...ways, ...open]
  const heads = [action, '*'].flatMap((name) => [
    `${type}:${name}`,
    ...ids.map((parts) => permissionText({ type, action: name, id: parts })),
  ])
  return ['*', ...heads]
}
