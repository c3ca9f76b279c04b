import { type Cidr, parseCidr } from '#kit'
import { type Db, tables } from '#platform'
import {
  builtInPrincipals,
  type GrantFacts,
  type NetworkFacts,
  type PrincipalFacts,
  type RoleFacts,
  storedPatterns,
} from './facts.ts'
import type { GrantRow, Tables } from './tables.ts'

/** How deep groups may nest. */
export const maxGroupDepth = 16

/** Everything the chain needs of one principal; `null`: there is none. Grants that are over at `now` are left out. */
export async function readPrincipalFacts(db: Db, id: string, now: number): Promise<PrincipalFacts | null> {
  const builtIn = builtInPrincipals.get(id)
  if (builtIn !== undefined) return builtIn
  const row = await tables<Tables>(db)
    .selectFrom('access_principals')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return null
  const groups = await readGroupsOf(db, 'principal', id)
  const [roles, grants] = [
    await readRolesOf(
      db,
      id,
      groups.map((group) => group.id),
    ),
    await readGrantsTo(db, id, now),
  ]
  const names = groups.map((group) => group.name).toSorted()
  return { id: row.id, kind: row.kind, state: row.state, groups: names, roles, grants }
}

export async function readGrantFacts(db: Db, id: string): Promise<GrantFacts | null> {
  const row = await tables<Tables>(db).selectFrom('access_grants').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : grantFacts(row)
}

/** The CIDRs of a named network; `null`: there is none of that name. */
export async function readNetworkFacts(db: Db, name: string): Promise<readonly Cidr[] | null> {
  const row = await tables<Tables>(db)
    .selectFrom('access_networks')
    .select('cidrs')
    .where('name', '=', name)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return row === undefined
    ? null
    : (JSON.parse(row.cidrs) as readonly string[]).flatMap((text) => parseCidr(text) ?? [])
}

/** Every named network, by name. */
export async function readNetworks(db: Db): Promise<readonly NetworkFacts[]> {
  const rows = await tables<Tables>(db)
    .selectFrom('access_networks')
    .select(['name', 'cidrs'])
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute()
  return rows.map(({ name, cidrs }) => ({
    name,
    cidrs: (JSON.parse(cidrs) as readonly string[]).flatMap((text) => parseCidr(text) ?? []),
  }))
}

/**
 * The groups a member belongs to, nested ones included, each once. Goes up level by level, so that a circle, which no
 * use-case makes, ends too.
 */
export async function readGroupsOf(
  db: Db,
  kind: 'principal' | 'group',
  id: string,
): Promise<readonly { readonly id: string; readonly name: string }[]> {
  const found = new Map<string, { readonly id: string; readonly name: string }>()
  let members = { kind, ids: [id] }
  for (let depth = 0; depth < maxGroupDepth && members.ids.length > 0; depth++) {
    const rows = await tables<Tables>(db)
      .selectFrom('access_group_members as m')
      .innerJoin('access_groups as g', 'g.id', 'm.group_id')
      .select(['g.id', 'g.name'])
      .where('m.member_kind', '=', members.kind)
      .where('m.member_id', 'in', members.ids)
      .where('g.removed_at', 'is', null)
      .execute()
    const fresh = rows.filter((row) => !found.has(row.id))
    for (const row of fresh) found.set(row.id, row)
    members = { kind: 'group', ids: fresh.map((row) => row.id) }
  }
  return [...found.values()]
}

async function readRolesOf(db: Db, principalId: string, groupIds: readonly string[]): Promise<readonly RoleFacts[]> {
  const rows = await tables<Tables>(db)
    .selectFrom('access_role_holders as h')
    .innerJoin('access_roles as r', 'r.id', 'h.role_id')
    .select(['r.name', 'r.permissions'])
    .distinct()
    .where('r.removed_at', 'is', null)
    .where((where) =>
      where.or([
        where.and([where('h.holder_kind', '=', 'principal'), where('h.holder_id', '=', principalId)]),
        ...(groupIds.length === 0
          ? []
          : [where.and([where('h.holder_kind', '=', 'group'), where('h.holder_id', 'in', groupIds)])]),
      ]),
    )
    .orderBy('r.name')
    .execute()
  return rows.map((row) => ({ name: row.name, patterns: storedPatterns(row.permissions) }))
}

async function readGrantsTo(db: Db, granteeId: string, now: number): Promise<readonly GrantFacts[]> {
  const rows = await tables<Tables>(db)
    .selectFrom('access_grants')
    .selectAll()
    .where('grantee_id', '=', granteeId)
    .where('revoked_at', 'is', null)
    .where((where) => where.or([where('ends_at', 'is', null), where('ends_at', '>', now)]))
    .orderBy('id')
    .execute()
  return rows.map(grantFacts)
}

function grantFacts(row: GrantRow): GrantFacts {
  return {
    id: row.id,
    grantorId: row.grantor_id,
    granteeId: row.grantee_id,
    patterns: storedPatterns(row.permissions),
    startsAt: row.starts_at,
    endsAt: row.ends_at ?? undefined,
    revoked: row.revoked_at !== null,
  }
}
