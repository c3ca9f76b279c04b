import { type Db, tables } from '#platform'
import type { GroupMemberRow, NetworkRow, RoleHolderRow, Tables } from './tables.ts'

/** Handles of all accounts by id. Principals of other kinds are declared by whoever makes them, not in a file. */
export async function accountNames(db: Db): Promise<ReadonlyMap<string, string>> {
  const rows = await tables<Tables>(db)
    .selectFrom('access_principals')
    .select(['id', 'name'])
    .where('kind', '=', 'account')
    .execute()
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** Every membership there is. */
export async function allMembers(
  db: Db,
): Promise<readonly Pick<GroupMemberRow, 'group_id' | 'member_kind' | 'member_id'>[]> {
  return tables<Tables>(db)
    .selectFrom('access_group_members')
    .select(['group_id', 'member_kind', 'member_id'])
    .execute()
}

/** Every holding of a role there is. */
export async function allHolders(
  db: Db,
): Promise<readonly Pick<RoleHolderRow, 'role_id' | 'holder_kind' | 'holder_id'>[]> {
  return tables<Tables>(db).selectFrom('access_role_holders').select(['role_id', 'holder_kind', 'holder_id']).execute()
}

/** Every group, role or network that stands. */
export async function allGroups(db: Db) {
  return tables<Tables>(db).selectFrom('access_groups').selectAll().where('removed_at', 'is', null).execute()
}

export async function allRoles(db: Db) {
  return tables<Tables>(db).selectFrom('access_roles').selectAll().where('removed_at', 'is', null).execute()
}

export async function allNetworks(db: Db): Promise<readonly NetworkRow[]> {
  return tables<Tables>(db).selectFrom('access_networks').selectAll().where('removed_at', 'is', null).execute()
}
