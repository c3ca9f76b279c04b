import type { Ctx, Db } from '#platform'
import { tables, touch } from '#platform'
import type { Tables } from '../../src/access/tables.ts'
import { cedarText } from './cedar-text.ts'
import type { Member, World, WrittenPolicy } from './world.ts'

/**
 * Makes the database hold this world and nothing else, as one change. Straight into the tables: a world may hold what no
 * use-case lets happen (circles, patterns of a later version), and decisions must be right about that too.
 */
export async function settle(ctx: Ctx, world: World): Promise<void> {
  await ctx.tx(async ({ db }) => {
    await clear(db)
    await fill(db, world)
    for (const policy of world.written) await write(db, ctx.newId('pol'), policy)
    touch(db, 'access')
  })
}

async function clear(db: Db): Promise<void> {
  const every = tables<Tables>(db)
  await every.deleteFrom('access_policy_versions').execute()
  await every.deleteFrom('access_policies').execute()
  await every.deleteFrom('access_grants').execute()
  await every.deleteFrom('access_role_holders').execute()
  await every.deleteFrom('access_group_members').execute()
  await every.deleteFrom('access_roles').execute()
  await every.deleteFrom('access_groups').execute()
  await every.deleteFrom('access_networks').execute()
  await every.deleteFrom('access_principals').execute()
}

const times = { created_at: 0, updated_at: 0, revision: 1 }

async function fill(db: Db, { principals, groups, roles, networks, grants }: World): Promise<void> {
  await insert(
    db,
    'access_principals',
    principals.map(({ id, kind, state }) => ({ id, kind, state, name: id, created_at: 0 })),
  )
  await insert(
    db,
    'access_groups',
    groups.map(({ name, removed }) => ({ ...named('grp', name, removed), description: '' })),
  )
  const known = new Set(groups.map(({ name }) => name))
  const isKnown = ({ kind, id }: Member) => kind === 'principal' || known.has(id)
  await insert(
    db,
    'access_group_members',
    groups.flatMap(({ name, members }) =>
      members.filter(isKnown).map((member) => {
        return {
          group_id: `grp_${name}`,
          member_kind: member.kind,
          member_id: idOf(member),
          created_at: 0,
          created_by: 'x',
        }
      }),
    ),
  )
  await insert(
    db,
    'access_roles',
    roles.map(({ name, removed, patterns }) => {
      return {
        ...named('rol', name, removed),
        description: '',
        permissions: JSON.stringify(patterns),
        built_in: 0,
        rank: 0,
      }
    }),
  )
  await insert(
    db,
    'access_role_holders',
    roles.flatMap(({ name, holders }) =>
      holders.filter(isKnown).map((holder) => {
        return {
          role_id: `rol_${name}`,
          holder_kind: holder.kind,
          holder_id: idOf(holder),
          created_at: 0,
          created_by: 'x',
        }
      }),
    ),
  )
  await insert(
    db,
    'access_networks',
    networks.map(({ name, removed, cidrs }) => ({ ...named('net', name, removed), cidrs: JSON.stringify(cidrs) })),
  )
  await insert(
    db,
    'access_grants',
    grants.map(({ id, grantor, grantee, patterns, startsAt, endsAt, revoked }) => {
      const permissions = JSON.stringify(patterns)
      const period = { starts_at: startsAt, ends_at: endsAt ?? null, revoked_at: revoked ? 1 : null, created_at: 0 }
      return { id, grantor_id: grantor, grantee_id: grantee, permissions, note: '', ...period }
    }),
  )
}

async function write(db: Db, id: string, { name, state, unreadable, statements }: WrittenPolicy): Promise<void> {
  const text = unreadable
    ? 'permit (principal, action, resource) when { resource.gone == 1 };'
    : statements.map(cedarText).join('\n')
  const author = { author_id: 'acc_x', author_name: 'x', reason: 'x', at: 0 }
  const row = { id, name, title: name, state, version: 1, revision: 1, created_at: 0, updated_at: 0, removed_at: null }
  await insert(db, 'access_policies', [row])
  await insert(db, 'access_policy_versions', [{ policy_id: id, version: 1, text, ...author }])
}

function idOf({ kind, id }: Member): string {
  return kind === 'group' ? `grp_${id}` : id
}

function named(prefix: string, name: string, removed: boolean) {
  return { id: `${prefix}_${name}`, name, title: name, removed_at: removed ? 1 : null, ...times }
}

async function insert<Table extends keyof Tables>(db: Db, table: Table, rows: readonly Tables[Table][]): Promise<void> {
  if (rows.length > 0)
    await tables<Tables>(db)
      .insertInto(table)
      .values([...rows] as never)
      .execute()
}
