import { type Db, tables, touch } from '#platform'
import { maxGroupDepth } from './facts-store.ts'
import { findNamed, isNameTaken, listNamed, searchNamed } from './named-store.ts'
import type { GroupMemberRow, GroupRow, MemberKind, Tables } from './tables.ts'

/** A group by name; tombstones are not found. */
export function findGroup(db: Db, name: string): Promise<GroupRow | undefined> {
  return findNamed(db, 'access_groups', name)
}

/** Groups by id; tombstones are left out. */
export async function findGroupsById(db: Db, ids: readonly string[]): Promise<readonly GroupRow[]> {
  if (ids.length === 0) return []
  return tables<Tables>(db)
    .selectFrom('access_groups')
    .selectAll()
    .where('id', 'in', ids)
    .where('removed_at', 'is', null)
    .execute()
}

/** Whether a group of that name is or was. */
export function isGroupNameTaken(db: Db, name: string): Promise<boolean> {
  return isNameTaken(db, 'access_groups', name)
}

/** By name, after the given one; with a text, those that have it in name or title. */
export function listGroups(
  db: Db,
  after: string | undefined,
  limit: number,
  text?: string,
  only?: readonly string[],
): Promise<readonly GroupRow[]> {
  return listNamed(db, 'access_groups', after, limit, { text, only })
}

/** Those with a text in name or title, the closest name first. */
export function searchGroups(db: Db, text: string, limit: number): Promise<readonly GroupRow[]> {
  return searchNamed(db, 'access_groups', text, limit)
}

export async function insertGroup(db: Db, row: GroupRow): Promise<void> {
  await tables<Tables>(db).insertInto('access_groups').values(row).execute()
  touch(db, 'access')
}

/** Writes the fields that change and the next revision. */
export async function updateGroup(
  db: Db,
  id: string,
  change: Partial<Pick<GroupRow, 'title' | 'description'>>,
  now: number,
): Promise<void> {
  await tables<Tables>(db)
    .updateTable('access_groups')
    .set((value) => ({ ...change, updated_at: now, revision: value('revision', '+', 1) }))
    .where('id', '=', id)
    .execute()
  touch(db, 'access')
}

/** Leaves a tombstone; its members, its roles and its place in other groups are gone. */
export async function removeGroup(db: Db, id: string, now: number): Promise<void> {
  const query = tables<Tables>(db)
  await query
    .deleteFrom('access_group_members')
    .where((where) =>
      where.or([
        where('group_id', '=', id),
        where.and([where('member_kind', '=', 'group'), where('member_id', '=', id)]),
      ]),
    )
    .execute()
  await query.deleteFrom('access_role_holders').where('holder_kind', '=', 'group').where('holder_id', '=', id).execute()
  await query.updateTable('access_groups').set({ removed_at: now, updated_at: now }).where('id', '=', id).execute()
  touch(db, 'access')
}

/** Members, longest first. @param after when and by which id the last one of the page before came */
export async function listMembers(
  db: Db,
  groupId: string,
  limit: number,
  after?: { readonly since: number; readonly id: string },
): Promise<readonly GroupMemberRow[]> {
  let query = tables<Tables>(db).selectFrom('access_group_members').selectAll().where('group_id', '=', groupId)
  if (after !== undefined) {
    query = query.where((where) =>
      where.or([
        where('created_at', '>', after.since),
        where.and([where('created_at', '=', after.since), where('member_id', '>', after.id)]),
      ]),
    )
  }
  return query.orderBy('created_at').orderBy('member_id').limit(limit).execute()
}

/** Ids of the groups directly inside any of these. */
export async function listGroupsInside(db: Db, groupIds: readonly string[]): Promise<readonly string[]> {
  if (groupIds.length === 0) return []
  const rows = await tables<Tables>(db)
    .selectFrom('access_group_members as m')
    .innerJoin('access_groups as g', 'g.id', 'm.member_id')
    .select('m.member_id')
    .distinct()
    .where('m.group_id', 'in', groupIds)
    .where('m.member_kind', '=', 'group')
    .where('g.removed_at', 'is', null)
    .execute()
  return rows.map((row) => row.member_id)
}

/** Ids of the groups that directly contain any of these. */
export async function listGroupsAround(db: Db, groupIds: readonly string[]): Promise<readonly string[]> {
  if (groupIds.length === 0) return []
  const rows = await tables<Tables>(db)
    .selectFrom('access_group_members')
    .select('group_id')
    .distinct()
    .where('member_kind', '=', 'group')
    .where('member_id', 'in', groupIds)
    .execute()
  return rows.map((row) => row.group_id)
}

export async function countMembers(db: Db, groupIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (groupIds.length === 0) return new Map()
  const rows = await tables<Tables>(db)
    .selectFrom('access_group_members')
    .select(({ fn }) => ['group_id', fn.countAll<number>().as('members')])
    .where('group_id', 'in', groupIds)
    .groupBy('group_id')
    .execute()
  return new Map(rows.map((row) => [row.group_id, Number(row.members)]))
}

export async function findMember(
  db: Db,
  of: string,
  kind: MemberKind,
  id: string,
): Promise<GroupMemberRow | undefined> {
  return tables<Tables>(db)
    .selectFrom('access_group_members')
    .selectAll()
    .where('group_id', '=', of)
    .where('member_kind', '=', kind)
    .where('member_id', '=', id)
    .executeTakeFirst()
}

/** False when it was a member already. */
export async function insertMember(db: Db, row: GroupMemberRow): Promise<boolean> {
  const result = await tables<Tables>(db)
    .insertInto('access_group_members')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  touch(db, 'access')
  return Number(result.numInsertedOrUpdatedRows ?? 0) > 0
}

/** False when it was no member. */
export async function deleteMember(db: Db, groupId: string, kind: MemberKind, id: string): Promise<boolean> {
  const result = await tables<Tables>(db)
    .deleteFrom('access_group_members')
    .where('group_id', '=', groupId)
    .where('member_kind', '=', kind)
    .where('member_id', '=', id)
    .executeTakeFirst()
  touch(db, 'access')
  return Number(result.numDeletedRows) > 0
}

/** Groups by name; tombstones are left out. */
export async function findGroupsByName(db: Db, names: readonly string[]): Promise<readonly GroupRow[]> {
  if (names.length === 0) return []
  return tables<Tables>(db)
    .selectFrom('access_groups')
    .selectAll()
    .where('name', 'in', names)
    .where('removed_at', 'is', null)
    .execute()
}

/** Ids of these groups and of all groups inside them, nested ones too, each once. A circle, which no use-case makes, ends. */
export async function listGroupsWithin(db: Db, groupIds: readonly string[]): Promise<readonly string[]> {
  const found = new Set(groupIds)
  let level: readonly string[] = [...found]
  for (let depth = 0; depth < maxGroupDepth && level.length > 0; depth++) {
    level = (await listGroupsInside(db, level)).filter((id) => !found.has(id))
    for (const id of level) found.add(id)
  }
  return [...found]
}

/** Ids of the principals in any of these groups, through nested ones too, each once. */
export async function listMembersOfGroups(db: Db, groupIds: readonly string[]): Promise<readonly string[]> {
  const within = await listGroupsWithin(db, groupIds)
  if (within.length === 0) return []
  const rows = await tables<Tables>(db)
    .selectFrom('access_group_members as m')
    .innerJoin('access_groups as g', 'g.id', 'm.group_id')
    .select('m.member_id')
    .distinct()
    .where('m.member_kind', '=', 'principal')
    .where('m.group_id', 'in', within)
    .where('g.removed_at', 'is', null)
    .execute()
  return rows.map((row) => row.member_id)
}
