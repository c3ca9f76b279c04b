import { type Db, tables } from '#platform'
import type { GrantRow, GroupMemberRow, NetworkRow, RoleHolderRow, Tables } from './tables.ts'

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

/** Grants that are not revoked and not over for long: those that stand first, of each the newest first. */
export async function unrevokedGrants(db: Db, endedAfter: number): Promise<readonly GrantRow[]> {
  const rows = await tables<Tables>(db)
    .selectFrom('access_grants')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('ends_at', 'is', null), where('ends_at', '>', endedAfter)]))
    .execute()
  const end = ({ ends_at }: GrantRow) => ends_at ?? Number.MAX_SAFE_INTEGER
  return rows.toSorted((a, b) => end(b) - end(a) || (a.id < b.id ? 1 : -1))
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
