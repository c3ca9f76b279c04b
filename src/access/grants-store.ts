import { closeness, contains, type Db, tables, touch } from '#platform'
import type { GrantRow, Tables } from './tables.ts'

export async function findGrant(db: Db, id: string): Promise<GrantRow | undefined> {
  return tables<Tables>(db).selectFrom('access_grants').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Grants by id, in no particular order; unknown ids are left out. */
export async function findGrantsById(db: Db, ids: readonly string[]): Promise<readonly GrantRow[]> {
  if (ids.length === 0) return []
  return tables<Tables>(db).selectFrom('access_grants').selectAll().where('id', 'in', ids).execute()
}

export interface GrantFilter {
  readonly grantorId?: string | undefined
  readonly granteeId?: string | undefined
  /** Ids are made in order of time; a list goes backwards from this one. */
  readonly before?: string | undefined
  /** Forwards from this one instead. */
  readonly after?: string | undefined
  readonly only?: readonly string[] | undefined
}

/** Newest first, unless it goes forwards. */
export async function listGrants(db: Db, filter: GrantFilter, limit: number): Promise<readonly GrantRow[]> {
  let query = tables<Tables>(db).selectFrom('access_grants').selectAll()
  if (filter.grantorId !== undefined) query = query.where('grantor_id', '=', filter.grantorId)
  if (filter.granteeId !== undefined) query = query.where('grantee_id', '=', filter.granteeId)
  if (filter.before !== undefined) query = query.where('id', '<', filter.before)
  if (filter.only !== undefined) query = query.where('id', 'in', filter.only)
  if ('after' in filter) {
    if (filter.after !== undefined) query = query.where('id', '>', filter.after)
    return query.orderBy('id').limit(limit).execute()
  }
  return query.orderBy('id', 'desc').limit(limit).execute()
}

/** Ids of the grants somebody gave or has. */
export async function listGrantsAround(db: Db, principalId: string, limit: number): Promise<readonly string[]> {
  const by = (column: 'grantor_id' | 'grantee_id') =>
    tables<Tables>(db).selectFrom('access_grants').select('id').where(column, '=', principalId).limit(limit).execute()
  const rows = [...(await by('grantor_id')), ...(await by('grantee_id'))]
  return rows.slice(0, limit).map(({ id }) => id)
}

/** Who has a grant of one of these patterns that is neither revoked nor over; each once. */
export async function listGranteesOf(db: Db, patterns: readonly string[], now: number): Promise<readonly string[]> {
  const rows = await tables<Tables>(db)
    .selectFrom('access_grant_patterns as p')
    .innerJoin('access_grants as g', 'g.id', 'p.grant_id')
    .select('g.grantee_id')
    .distinct()
    .where('p.pattern', 'in', patterns)
    .where('g.revoked_at', 'is', null)
    .where((where) => where.or([where('g.ends_at', 'is', null), where('g.ends_at', '>', now)]))
    .execute()
  return rows.map((row) => row.grantee_id)
}

/**
 * Grants that are neither revoked nor over, of somebody or to somebody whose name has the text, or of a permission that
 * is it, newest first.
 */
export async function searchGrants(db: Db, text: string, now: number, limit: number): Promise<readonly GrantRow[]> {
  const query = tables<Tables>(db)
  const named = await query
    .selectFrom('access_principals')
    .select('id')
    .where(contains(['name'], text))
    .orderBy(closeness('name', text))
    .limit(limit)
    .execute()
  const of = query.selectFrom('access_grant_patterns').select('grant_id').where('pattern', '=', text).limit(limit)
  const people = named.map(({ id }) => id)
  return query
    .selectFrom('access_grants')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('ends_at', 'is', null), where('ends_at', '>', now)]))
    .where((where) =>
      where.or([
        where('id', 'in', of),
        ...(people.length === 0 ? [] : [where('grantor_id', 'in', people), where('grantee_id', 'in', people)]),
      ]),
    )
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

/** How many grants to somebody are neither revoked nor over. */
export async function countGrantsTo(db: Db, granteeId: string, now: number): Promise<number> {
  const row = await tables<Tables>(db)
    .selectFrom('access_grants')
    .select(({ fn }) => fn.countAll<number>().as('grants'))
    .where('grantee_id', '=', granteeId)
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('ends_at', 'is', null), where('ends_at', '>', now)]))
    .executeTakeFirstOrThrow()
  return Number(row.grants)
}

export async function insertGrant(db: Db, row: GrantRow): Promise<void> {
  const query = tables<Tables>(db)
  await query.insertInto('access_grants').values(row).execute()
  const patterns = [...new Set(JSON.parse(row.permissions) as readonly string[])]
  if (patterns.length > 0 && row.revoked_at === null) {
    const rows = patterns.map((pattern) => ({ pattern, grant_id: row.id }))
    await query.insertInto('access_grant_patterns').values(rows).execute()
  }
  touch(db, 'access')
}

export async function revokeGrant(db: Db, id: string, now: number): Promise<void> {
  await tables<Tables>(db).updateTable('access_grants').set({ revoked_at: now }).where('id', '=', id).execute()
  await tables<Tables>(db).deleteFrom('access_grant_patterns').where('grant_id', '=', id).execute()
  touch(db, 'access')
}
