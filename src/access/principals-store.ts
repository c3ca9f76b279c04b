import type { PrincipalKind } from '#kit'
import { type Db, tables, touch } from '#platform'
import { listGroupsWithin } from './groups-store.ts'
import type { PrincipalRow, Tables } from './tables.ts'

/** At most some thousands: a statement takes so many parameters and no more. */
export async function insertPrincipals(db: Db, rows: readonly PrincipalRow[]): Promise<void> {
  if (rows.length === 0) return
  await tables<Tables>(db).insertInto('access_principals').values(rows).execute()
  touch(db, 'access')
}

export async function findPrincipal(db: Db, id: string): Promise<PrincipalRow | undefined> {
  return tables<Tables>(db).selectFrom('access_principals').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Principals by id, in no particular order; unknown ids are left out. */
export async function findPrincipals(db: Db, ids: readonly string[]): Promise<readonly PrincipalRow[]> {
  if (ids.length === 0) return []
  return tables<Tables>(db).selectFrom('access_principals').selectAll().where('id', 'in', ids).execute()
}

/** The account of that handle. */
export async function findAccountByName(db: Db, name: string): Promise<PrincipalRow | undefined> {
  return tables<Tables>(db)
    .selectFrom('access_principals')
    .selectAll()
    .where('kind', '=', 'account')
    .where('name', '=', name)
    .executeTakeFirst()
}

/** Active principals of a kind by name, for choosing one in a page. */
export async function listPrincipals(db: Db, kind: PrincipalKind, limit: number): Promise<readonly PrincipalRow[]> {
  return tables<Tables>(db)
    .selectFrom('access_principals')
    .selectAll()
    .where('kind', '=', kind)
    .where('state', '=', 'active')
    .orderBy('name')
    .limit(limit)
    .execute()
}

/** Ids of active principals of a kind in their order, after the given one; with `only`, no others. */
export async function listPrincipalIds(
  db: Db,
  kind: PrincipalKind,
  after: string | undefined,
  limit: number,
  only?: readonly string[],
): Promise<readonly string[]> {
  const page = (ids: readonly string[] | undefined, size: number) => {
    let query = tables<Tables>(db)
      .selectFrom('access_principals')
      .select('id')
      .where('kind', '=', kind)
      .where('state', '=', 'active')
    if (after !== undefined) query = query.where('id', '>', after)
    if (ids !== undefined) query = query.where('id', 'in', ids)
    return query.orderBy('id').limit(size).execute()
  }
  if (only === undefined) return (await page(undefined, limit)).map(({ id }) => id)
  const found: string[] = []
  const next = only.filter((id) => after === undefined || id > after).toSorted()
  // a statement takes so many parameters and no more
  for (let from = 0; from < next.length && found.length < limit; from += 1_000) {
    const rows = await page(next.slice(from, from + 1_000), limit - found.length)
    found.push(...rows.map(({ id }) => id))
  }
  return found
}

export async function updatePrincipalState(db: Db, id: string, state: 'active' | 'disabled'): Promise<void> {
  await tables<Tables>(db).updateTable('access_principals').set({ state }).where('id', '=', id).execute()
  touch(db, 'access')
}

/** Removes the principal and everything that hangs on it; says how much that was. */
export async function deletePrincipal(
  db: Db,
  id: string,
): Promise<{ readonly roles: number; readonly groups: number; readonly grants: number }> {
  const query = tables<Tables>(db)
  const roles = await query
    .deleteFrom('access_role_holders')
    .where('holder_kind', '=', 'principal')
    .where('holder_id', '=', id)
    .executeTakeFirst()
  const groups = await query
    .deleteFrom('access_group_members')
    .where('member_kind', '=', 'principal')
    .where('member_id', '=', id)
    .executeTakeFirst()
  const grants = await query
    .deleteFrom('access_grants')
    .where((where) => where.or([where('grantor_id', '=', id), where('grantee_id', '=', id)]))
    .executeTakeFirst()
  await query.deleteFrom('access_requests').where('requester_id', '=', id).execute()
  await query.deleteFrom('access_principals').where('id', '=', id).execute()
  touch(db, 'access')
  return {
    roles: Number(roles.numDeletedRows),
    groups: Number(groups.numDeletedRows),
    grants: Number(grants.numDeletedRows),
  }
}

/** Whether any active account holds the role, by itself or through groups. */
export async function hasActiveAccount(db: Db, roleId: string): Promise<boolean> {
  return (await listActiveHolders(db, [roleId], 1)).length > 0
}

/** Active accounts that hold any of the roles, by themselves or through groups; at most `limit`, in order of name. */
export async function listActiveHolders(
  db: Db,
  roleIds: readonly string[],
  limit: number,
): Promise<readonly PrincipalRow[]> {
  if (roleIds.length === 0) return []
  const groupIds = await listGroupsWithin(db, await listGroupsHolding(db, roleIds))
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

/** Ids of the groups that hold any of the roles themselves. */
export async function listGroupsHolding(db: Db, roleIds: readonly string[]): Promise<readonly string[]> {
  const rows = await tables<Tables>(db)
    .selectFrom('access_role_holders as h')
    .innerJoin('access_groups as g', 'g.id', 'h.holder_id')
    .select('g.id')
    .distinct()
    .where('h.holder_kind', '=', 'group')
    .where('h.role_id', 'in', roleIds)
    .where('g.removed_at', 'is', null)
    .execute()
  return rows.map(({ id }) => id)
}
