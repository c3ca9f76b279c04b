import { type Cidr, type PrincipalKind, parseCidr } from '#kit'
import { type Db, prepared, tables } from '#platform'
import {
  builtInPrincipals,
  type GrantFacts,
  type NetworkFacts,
  type PrincipalFacts,
  StoredGrant,
  StoredGrants,
  StoredRole,
} from './facts.ts'
import type { GrantRow, Tables } from './tables.ts'

/** How deep groups may nest. */
export const maxGroupDepth = 16

interface FactsRow {
  readonly kind: PrincipalKind
  readonly state: PrincipalFacts['state']
  /** JSON list of names */
  readonly group_names: string | null
  /** JSON list of name and patterns */
  readonly roles: string | null
  /** As `StoredGrants` takes them. */
  readonly grants: string | null
}

/** Everything the chain needs of one principal, as of one moment; `null`: there is none. Grants that are over at `now` are left out. */
export async function readPrincipalFacts(db: Db, id: string, now: number): Promise<PrincipalFacts | null> {
  const builtIn = builtInPrincipals.get(id)
  if (builtIn !== undefined) return builtIn
  const { rows } = await tables<Tables>(db).raw<FactsRow>(principalSql[db.dialect], [id, now])
  const [row] = rows
  if (row === undefined) return null
  const groups = JSON.parse(row.group_names ?? '[]') as readonly string[]
  const roles = JSON.parse(row.roles ?? '[]') as readonly (readonly [name: string, permissions: string])[]
  return {
    id,
    kind: row.kind,
    state: row.state,
    groups: groups.toSorted(),
    roles: roles
      .map(([name, permissions]) => new StoredRole(name, permissions))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    grants: new StoredGrants(id, row.grants ?? ''),
  }
}

/**
 * Written out and asked at once: what is decided by is of one moment, one round trip away, and Kysely takes longer to put
 * these together than SQLite to answer. One row of texts, since reading a row of a hundred grants takes longer than
 * finding it, and most grants are never looked at. `cross join` holds SQLite to the order in which there is little to
 * look through.
 */
const principalSql: Readonly<Record<Db['dialect'], string>> = {
  sqlite: principalOf('?', '?', {
    list: 'json_array',
    listed: (each) => `json_group_array(${each})`,
    lines: (each) => `group_concat(${each}, char(10))`,
  }),
  postgres: prepared(
    principalOf('$1', '$2', {
      list: 'json_build_array',
      listed: (each) => `json_agg(${each})::text`,
      lines: (each) => `string_agg(${each}::text, chr(10))`,
    }),
  ),
}

/** What the dialects call their JSON. */
interface JsonWords {
  readonly list: string
  readonly listed: (each: string) => string
  readonly lines: (each: string) => string
}

function principalOf(id: string, now: string, { list, listed, lines }: JsonWords): string {
  return `with recursive asked(id, now) as (select cast(${id} as text), cast(${now} as bigint)),
    around(id, name, depth) as (
      select g.id, g.name, 1 from asked cross join access_group_members m cross join access_groups g
      where m.member_kind = 'principal' and m.member_id = asked.id and g.id = m.group_id and g.removed_at is null
      union
      select g.id, g.name, a.depth + 1 from around a cross join access_group_members m cross join access_groups g
      where a.depth < ${maxGroupDepth} and m.member_kind = 'group' and m.member_id = a.id
        and g.id = m.group_id and g.removed_at is null
    )
    select p.kind, p.state,
      (select ${listed('name')} from (select distinct name from around) as named) as group_names,
      (
        select ${listed(`${list}(r.name, r.permissions)`)}
        from (
          select h.role_id from asked cross join access_role_holders h
          where h.holder_kind = 'principal' and h.holder_id = asked.id
          union
          select h.role_id from around a cross join access_role_holders h
          where h.holder_kind = 'group' and h.holder_id = a.id
        ) held cross join access_roles r
        where r.id = held.role_id and r.removed_at is null
      ) as roles,
      (
        select ${lines(`${list}(g.id, g.grantor_id, g.starts_at, g.ends_at, g.permissions)`)}
        from asked cross join access_grants g
        where g.grantee_id = asked.id and g.revoked_at is null and (g.ends_at is null or g.ends_at > asked.now)
      ) as grants
    from asked cross join access_principals p where p.id = asked.id`
}

/** Which of these principals hold a role, a grant or a membership themselves; of the others there is nothing to read. */
export async function holdersAmong(db: Db, ids: readonly string[]): Promise<readonly string[]> {
  const { rows } = await tables<Tables>(db).raw<{ readonly id: string }>(holdersSql[db.dialect], [JSON.stringify(ids)])
  return rows.map(({ id }) => id)
}

const holdersSql: Readonly<Record<Db['dialect'], string>> = {
  sqlite: holdersOf('select value from json_each(?)'),
  postgres: holdersOf('select jsonb_array_elements_text($1::jsonb)'),
}

function holdersOf(list: string): string {
  return `with asked(id) as (${list})
    select asked.id from asked where
      exists (select 1 from access_role_holders h where h.holder_kind = 'principal' and h.holder_id = asked.id)
      or exists (select 1 from access_group_members m where m.member_kind = 'principal' and m.member_id = asked.id)
      or exists (select 1 from access_grants g where g.grantee_id = asked.id and g.revoked_at is null)`
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

function grantFacts(row: GrantRow): GrantFacts {
  const { id, grantor_id, grantee_id, permissions, starts_at, ends_at, revoked_at } = row
  return new StoredGrant(id, grantor_id, grantee_id, permissions, starts_at, ends_at, revoked_at !== null)
}
