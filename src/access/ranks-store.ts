import { type Db, tables } from '#platform'
import { listGroupsWithin } from './groups-store.ts'
import { listGroupsHolding } from './principals-store.ts'
import type { MemberKind, PrincipalRow, Tables } from './tables.ts'

/** The highest rank among the roles these hold themselves; 0 where they hold none. */
export async function highestRankOf(
  db: Db,
  holders: readonly { readonly kind: MemberKind; readonly ids: readonly string[] }[],
): Promise<number> {
  const some = holders.filter(({ ids }) => ids.length > 0)
  const row = await tables<Tables>(db)
    .selectFrom('access_role_holders as h')
    .innerJoin('access_roles as r', 'r.id', 'h.role_id')
    .select(({ fn }) => fn.max<number | null>('r.rank').as('rank'))
    .where('r.removed_at', 'is', null)
    .where((where) =>
      where.or(
        some.map(({ kind, ids }) => where.and([where('h.holder_kind', '=', kind), where('h.holder_id', 'in', ids)])),
      ),
    )
    .executeTakeFirst()
  return Number(row?.rank ?? 0)
}

/** Members of groups, and whoever holds a role themselves. */
export interface Those {
  readonly groupIds: readonly string[]
  readonly roleId?: string
}

/** Somebody among these who holds a role of at least that rank, by themselves or through any group. */
export async function findRankedAmong(
  db: Db,
  { groupIds, roleId }: Those,
  rank: number,
  exceptId: string,
): Promise<PrincipalRow | undefined> {
  if (groupIds.length === 0 && roleId === undefined) return undefined
  const query = tables<Tables>(db)
  const ranked = await query
    .selectFrom('access_roles')
    .select('id')
    .where('rank', '>=', rank)
    .where('removed_at', 'is', null)
    .execute()
  if (ranked.length === 0) return undefined
  const roleIds = ranked.map(({ id }) => id)
  const holding = await listGroupsWithin(db, await listGroupsHolding(db, roleIds))
  const membersOf = (ids: readonly string[]) =>
    query
      .selectFrom('access_group_members as m')
      .select('m.member_id')
      .where('m.member_kind', '=', 'principal')
      .where('m.group_id', 'in', ids)
  const holdersOf = (ids: readonly string[]) =>
    query
      .selectFrom('access_role_holders as h')
      .select('h.holder_id')
      .where('h.holder_kind', '=', 'principal')
      .where('h.role_id', 'in', ids)
  return query
    .selectFrom('access_principals as p')
    .selectAll('p')
    .where('p.id', '!=', exceptId)
    .where((where) =>
      where.or([
        ...(groupIds.length === 0 ? [] : [where('p.id', 'in', membersOf(groupIds))]),
        ...(roleId === undefined ? [] : [where('p.id', 'in', holdersOf([roleId]))]),
      ]),
    )
    .where((where) =>
      where.or([
        where('p.id', 'in', holdersOf(roleIds)),
        ...(holding.length === 0 ? [] : [where('p.id', 'in', membersOf(holding))]),
      ]),
    )
    .orderBy('p.name')
    .limit(1)
    .executeTakeFirst()
}
