import { type Db, tables } from '#platform'
import { maxGroupDepth } from '../facts-store.ts'
import type { PrincipalRow, Tables } from '../tables.ts'

/** At most this many roles are looked through. */
const mostRoles = 5_000

/** The roles there are, with what they permit. */
export async function readRoles(db: Db): Promise<readonly { readonly id: string; readonly permissions: string }[]> {
  return tables<Tables>(db)
    .selectFrom('access_roles')
    .select(['id', 'permissions'])
    .where('removed_at', 'is', null)
    .orderBy('name')
    .limit(mostRoles)
    .execute()
}

/** Active accounts that hold any of the roles, by themselves or through groups; at most `limit`, in order of name. */
export async function findHolders(db: Db, roleIds: readonly string[], limit: number): Promise<readonly PrincipalRow[]> {
  if (roleIds.length === 0) return []
  const groupIds = await groupsHolding(db, roleIds)
  const query = tables<Tables>(db)
  return query
    .selectFrom('access_principals as p')
    .selectAll('p')
    .where('p.kind', '=', 'account')
    .where('p.state', '=', 'active')
    .where((where) =>
      where.or([
        where(
          'p.id',
          'in',
          query
            .selectFrom('access_role_holders as h')
            .select('h.holder_id')
            .where('h.holder_kind', '=', 'principal')
            .where('h.role_id', 'in', roleIds),
        ),
        ...(groupIds.length === 0
          ? []
          : [
              where(
                'p.id',
                'in',
                query
                  .selectFrom('access_group_members as m')
                  .select('m.member_id')
                  .where('m.member_kind', '=', 'principal')
                  .where('m.group_id', 'in', groupIds),
              ),
            ]),
      ]),
    )
    .orderBy('p.name')
    .limit(limit)
    .execute()
}

/** Groups that hold any of the roles, and groups inside them. */
async function groupsHolding(db: Db, roleIds: readonly string[]): Promise<readonly string[]> {
  const query = tables<Tables>(db)
  const direct = await query
    .selectFrom('access_role_holders as h')
    .innerJoin('access_groups as g', 'g.id', 'h.holder_id')
    .select('g.id')
    .where('h.holder_kind', '=', 'group')
    .where('h.role_id', 'in', roleIds)
    .where('g.removed_at', 'is', null)
    .execute()
  const found = new Set(direct.map(({ id }) => id))
  let level = [...found]
  for (let depth = 0; depth < maxGroupDepth && level.length > 0; depth++) {
    const inside = await query
      .selectFrom('access_group_members as m')
      .innerJoin('access_groups as g', 'g.id', 'm.member_id')
      .select('g.id')
      .where('m.member_kind', '=', 'group')
      .where('m.group_id', 'in', level)
      .where('g.removed_at', 'is', null)
      .execute()
    level = inside.map(({ id }) => id).filter((id) => !found.has(id))
    for (const id of level) found.add(id)
  }
  return [...found]
}
