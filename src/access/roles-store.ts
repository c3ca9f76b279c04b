import { type Db, tables, touch } from '#platform'
import { findNamed, isNameTaken, listNamed, searchNamed } from './named-store.ts'
import type { MemberKind, RoleHolderRow, RoleRow, Tables } from './tables.ts'

/** A role by name; tombstones are not found. */
export function findRole(db: Db, name: string): Promise<RoleRow | undefined> {
  return findNamed(db, 'access_roles', name)
}

/** Whether a role of that name is or was. */
export function isRoleNameTaken(db: Db, name: string): Promise<boolean> {
  return isNameTaken(db, 'access_roles', name)
}

/** By name, after the given one; with a text, those that have it in name or title. */
export function listRoles(
  db: Db,
  after: string | undefined,
  limit: number,
  text?: string,
  only?: readonly string[],
): Promise<readonly RoleRow[]> {
  return listNamed(db, 'access_roles', after, limit, { text, only })
}

/** Those with a text in name or title, the closest name first. */
export function searchRoles(db: Db, text: string, limit: number): Promise<readonly RoleRow[]> {
  return searchNamed(db, 'access_roles', text, limit)
}

/** Roles held by any of the holders themselves, each once. */
export async function listRolesOf(db: Db, kind: MemberKind, ids: readonly string[]): Promise<readonly RoleRow[]> {
  if (ids.length === 0) return []
  return tables<Tables>(db)
    .selectFrom('access_role_holders as h')
    .innerJoin('access_roles as r', 'r.id', 'h.role_id')
    .selectAll('r')
    .distinct()
    .where('h.holder_kind', '=', kind)
    .where('h.holder_id', 'in', ids)
    .where('r.removed_at', 'is', null)
    .orderBy('r.name')
    .execute()
}

export async function insertRole(db: Db, row: RoleRow): Promise<void> {
  await tables<Tables>(db).insertInto('access_roles').values(row).execute()
  touch(db, 'access')
}

/** Writes the fields that change and the next revision. */
export async function updateRole(
  db: Db,
  id: string,
  change: Partial<Pick<RoleRow, 'title' | 'description' | 'permissions' | 'rank'>>,
  now: number,
): Promise<void> {
  await tables<Tables>(db)
    .updateTable('access_roles')
    .set((value) => ({ ...change, updated_at: now, revision: value('revision', '+', 1) }))
    .where('id', '=', id)
    .execute()
  touch(db, 'access')
}

/** Leaves a tombstone and takes the role from everybody. */
export async function removeRole(db: Db, id: string, now: number): Promise<number> {
  const query = tables<Tables>(db)
  const holders = await query.deleteFrom('access_role_holders').where('role_id', '=', id).executeTakeFirst()
  await query.updateTable('access_roles').set({ removed_at: now, updated_at: now }).where('id', '=', id).execute()
  touch(db, 'access')
  return Number(holders.numDeletedRows)
}

/** Holders, longest first. @param after when and by which id the last one of the page before came */
export async function listHolders(
  db: Db,
  roleId: string,
  limit: number,
  after?: { readonly since: number; readonly id: string },
): Promise<readonly RoleHolderRow[]> {
  let query = tables<Tables>(db).selectFrom('access_role_holders').selectAll().where('role_id', '=', roleId)
  if (after !== undefined) {
    query = query.where((where) =>
      where.or([
        where('created_at', '>', after.since),
        where.and([where('created_at', '=', after.since), where('holder_id', '>', after.id)]),
      ]),
    )
  }
  return query.orderBy('created_at').orderBy('holder_id').limit(limit).execute()
}

export async function countHolders(db: Db, roleIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (roleIds.length === 0) return new Map()
  const rows = await tables<Tables>(db)
    .selectFrom('access_role_holders')
    .select(({ fn }) => ['role_id', fn.countAll<number>().as('holders')])
    .where('role_id', 'in', roleIds)
    .groupBy('role_id')
    .execute()
  return new Map(rows.map((row) => [row.role_id, Number(row.holders)]))
}

export async function findRoleHolder(
  db: Db,
  of: string,
  kind: MemberKind,
  id: string,
): Promise<RoleHolderRow | undefined> {
  return tables<Tables>(db)
    .selectFrom('access_role_holders')
    .selectAll()
    .where('role_id', '=', of)
    .where('holder_kind', '=', kind)
    .where('holder_id', '=', id)
    .executeTakeFirst()
}

/** False when it was held already. */
export async function insertHolder(db: Db, row: RoleHolderRow): Promise<boolean> {
  const result = await tables<Tables>(db)
    .insertInto('access_role_holders')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  touch(db, 'access')
  return Number(result.numInsertedOrUpdatedRows ?? 0) > 0
}

/** False when it was not held. */
export async function deleteHolder(db: Db, roleId: string, kind: MemberKind, id: string): Promise<boolean> {
  const result = await tables<Tables>(db)
    .deleteFrom('access_role_holders')
    .where('role_id', '=', roleId)
    .where('holder_kind', '=', kind)
    .where('holder_id', '=', id)
    .executeTakeFirst()
  touch(db, 'access')
  return Number(result.numDeletedRows) > 0
}

/** Who holds any of the roles itself: principals, and groups by id. */
export async function listRoleHolders(
  db: Db,
  roleIds: readonly string[],
): Promise<{ readonly principals: readonly string[]; readonly groups: readonly string[] }> {
  if (roleIds.length === 0) return { principals: [], groups: [] }
  const rows = await tables<Tables>(db)
    .selectFrom('access_role_holders')
    .select(['holder_kind', 'holder_id'])
    .distinct()
    .where('role_id', 'in', roleIds)
    .execute()
  const of = (kind: MemberKind) => rows.filter((row) => row.holder_kind === kind).map((row) => row.holder_id)
  return { principals: of('principal'), groups: of('group') }
}
