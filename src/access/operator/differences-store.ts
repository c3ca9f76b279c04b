import { type Db, tables } from '#platform'
import type { PolicyDifferenceRow, PolicyRow, Tables } from '../tables.ts'
import type { HeldDifference } from './differences.ts'

/** Different answers kept of one version; more would tell nothing new. */
const maxKept = 1_000

type Shadowed = Pick<PolicyRow, 'id' | 'name' | 'version'>

/** Policies in shadow mode. */
export async function listShadowed(db: Db): Promise<readonly Shadowed[]> {
  return tables<Tables>(db)
    .selectFrom('access_policies')
    .select(['id', 'name', 'version'])
    .where('state', '=', 'shadow')
    .where('removed_at', 'is', null)
    .execute()
}

/** Adds to what is counted of each policy's version, and forgets what its earlier versions would have done. */
export async function addDifferences(
  db: Db,
  shadowed: readonly Shadowed[],
  differences: readonly HeldDifference[],
): Promise<ReadonlyMap<string, { readonly wouldRefuse: number; readonly wouldAllow: number }>> {
  const written = new Map<string, { readonly wouldRefuse: number; readonly wouldAllow: number }>()
  for (const { id, name, version } of shadowed) {
    const own = differences.filter(({ policy }) => policy === name)
    if (own.length === 0) continue
    await forgetOthers(db, id, version)
    const room = maxKept - (await countKept(db, id))
    for (const one of own.slice(0, Math.max(0, room))) await addDifference(db, id, version, one)
    const sum = (would: string) =>
      own.filter((one) => one.would === would).reduce((total, { count }) => total + count, 0)
    written.set(name, { wouldRefuse: sum('refuse'), wouldAllow: sum('allow') })
  }
  return written
}

async function addDifference(
  db: Db,
  policyId: string,
  version: number,
  { policy: _, ...difference }: HeldDifference,
): Promise<void> {
  await tables<Tables>(db)
    .insertInto('access_policy_differences')
    .values({ policy_id: policyId, version, ...difference })
    .onConflict((conflict) =>
      conflict
        .columns(['policy_id', 'version', 'principal_id', 'permission', 'resource_type', 'resource_id', 'would'])
        .doUpdateSet((is) => ({
          count: is('access_policy_differences.count', '+', is.ref('excluded.count')),
          last_at: is.ref('excluded.last_at'),
        })),
    )
    .execute()
}

async function forgetOthers(db: Db, policyId: string, version: number): Promise<void> {
  await tables<Tables>(db)
    .deleteFrom('access_policy_differences')
    .where('policy_id', '=', policyId)
    .where('version', '!=', version)
    .execute()
}

async function countKept(db: Db, policyId: string): Promise<number> {
  const row = await tables<Tables>(db)
    .selectFrom('access_policy_differences')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('policy_id', '=', policyId)
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

/** What a version would have changed, latest first. */
export async function listDifferences(
  db: Db,
  { id, version }: Pick<PolicyRow, 'id' | 'version'>,
  limit: number,
): Promise<readonly PolicyDifferenceRow[]> {
  return tables<Tables>(db)
    .selectFrom('access_policy_differences')
    .selectAll()
    .where('policy_id', '=', id)
    .where('version', '=', version)
    .orderBy('last_at', 'desc')
    .orderBy('principal_id')
    .limit(limit)
    .execute()
}
