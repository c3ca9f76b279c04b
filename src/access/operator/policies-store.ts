import { contains, type Db, tables, touch } from '#platform'
import { isNameTaken, searchNamed } from '../named-store.ts'
import type { PolicyRow, PolicyVersionRow, Tables } from '../tables.ts'

/** A policy with the text in use. */
export interface PolicyWithText extends PolicyRow {
  readonly text: string
  readonly author_name: string
  readonly reason: string
  readonly saved_at: number
}

function withText(db: Db) {
  return tables<Tables>(db)
    .selectFrom('access_policies as p')
    .innerJoin('access_policy_versions as v', (join) =>
      join.onRef('v.policy_id', '=', 'p.id').onRef('v.version', '=', 'p.version'),
    )
    .selectAll('p')
    .select(['v.text', 'v.author_name', 'v.reason', 'v.at as saved_at'])
    .where('p.removed_at', 'is', null)
}

/** A policy by name; tombstones are not found. */
export async function findPolicy(db: Db, name: string): Promise<PolicyWithText | undefined> {
  return withText(db).where('p.name', '=', name).executeTakeFirst()
}

/** Whether a policy of that name is or was. */
export function isPolicyNameTaken(db: Db, name: string): Promise<boolean> {
  return isNameTaken(db, 'access_policies', name)
}

/** By name, after the given one; with a text, those that have it in name or title. */
export async function listPolicies(
  db: Db,
  after: string | undefined,
  limit: number,
  text?: string,
): Promise<readonly PolicyWithText[]> {
  let query = withText(db)
  if (after !== undefined) query = query.where('p.name', '>', after)
  if (text !== undefined) query = query.where(contains(['p.name', 'p.title'], text))
  return query.orderBy('p.name').limit(limit).execute()
}

/** Those with a text in name or title, the closest name first. */
export function searchPolicies(db: Db, text: string, limit: number): Promise<readonly PolicyRow[]> {
  return searchNamed(db, 'access_policies', text, limit)
}

/** Which policies decide or are watched, and in which version: enough to see whether an engine is still the right one. */
export async function listPoliciesInUse(db: Db): Promise<readonly Pick<PolicyRow, 'id' | 'state' | 'version'>[]> {
  return tables<Tables>(db)
    .selectFrom('access_policies')
    .select(['id', 'state', 'version'])
    .where('state', '!=', 'off')
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute()
}

/** The same with their texts. */
export async function readPoliciesInUse(db: Db): Promise<readonly PolicyWithText[]> {
  return withText(db).where('p.state', '!=', 'off').orderBy('p.name').execute()
}

export async function countPolicies(db: Db): Promise<number> {
  const row = await tables<Tables>(db)
    .selectFrom('access_policies')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

export async function insertPolicy(db: Db, row: PolicyRow, version: PolicyVersionRow): Promise<void> {
  await tables<Tables>(db).insertInto('access_policies').values(row).execute()
  await insertVersion(db, version)
}

export async function insertVersion(db: Db, row: PolicyVersionRow): Promise<void> {
  await tables<Tables>(db).insertInto('access_policy_versions').values(row).execute()
  touch(db, 'access')
}

/** Writes the fields that change and the next revision. */
export async function updatePolicy(
  db: Db,
  id: string,
  change: Partial<Pick<PolicyRow, 'title' | 'state' | 'version' | 'removed_at'>>,
  now: number,
): Promise<void> {
  await tables<Tables>(db)
    .updateTable('access_policies')
    .set((value) => ({ ...change, updated_at: now, revision: value('revision', '+', 1) }))
    .where('id', '=', id)
    .execute()
  touch(db, 'access')
}

export async function findVersion(db: Db, policyId: string, version: number): Promise<PolicyVersionRow | undefined> {
  return tables<Tables>(db)
    .selectFrom('access_policy_versions')
    .selectAll()
    .where('policy_id', '=', policyId)
    .where('version', '=', version)
    .executeTakeFirst()
}

/** Newest first, before the given one. */
export async function listVersions(
  db: Db,
  policyId: string,
  before: number | undefined,
  limit: number,
): Promise<readonly PolicyVersionRow[]> {
  let query = tables<Tables>(db).selectFrom('access_policy_versions').selectAll().where('policy_id', '=', policyId)
  if (before !== undefined) query = query.where('version', '<', before)
  return query.orderBy('version', 'desc').limit(limit).execute()
}

/** The number the next version gets. */
export async function nextVersion(db: Db, policyId: string): Promise<number> {
  const row = await tables<Tables>(db)
    .selectFrom('access_policy_versions')
    .select(({ fn }) => fn.max('version').as('last'))
    .where('policy_id', '=', policyId)
    .executeTakeFirst()
  return Number(row?.last ?? 0) + 1
}
