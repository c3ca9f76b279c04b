import type { Resource } from '#kit'
import type { ResourceLoader } from '#platform'
import { findGrant, findGrantsById, listGrants, listGrantsAround } from './grants-store.ts'
import { findGroup, listGroups } from './groups-store.ts'
import { findNetwork, listNetworks } from './networks-store.ts'
import { findRole, listRoles } from './roles-store.ts'
import type { GrantRow, GroupRow, NetworkRow, RoleRow } from './tables.ts'

/** A grant belongs to who gave it and is shared with who has it; neither ever changes. */
export function grantResource(row: GrantRow): Resource {
  const members = { principals: [row.grantee_id] }
  return { type: 'Access::Grant', id: row.id, attributes: {}, owner: row.grantor_id, members, revision: 0 }
}

/** A group is shared with whoever belongs to it, through nested groups too. */
export function groupResource({ name, revision }: GroupRow): Resource {
  return { type: 'Access::Group', id: name, attributes: {}, members: { groups: [name] }, revision }
}

export function roleResource({ name, built_in, revision }: RoleRow): Resource {
  return { type: 'Access::Role', id: name, attributes: { builtIn: built_in === 1 }, revision }
}

export function networkResource({ name, revision }: NetworkRow): Resource {
  return { type: 'Access::Network', id: name, attributes: {}, revision }
}

export const accessResources: readonly ResourceLoader[] = [
  {
    permissionType: 'grants',
    load: async (id, db) => mapped(await findGrant(db, id), grantResource),
    loadMany: async (ids, db) => mappedById(await findGrantsById(db, ids), grantResource),
    list: async (db, after, limit) => (await listGrants(db, { after }, limit)).map(grantResource),
    related: (db, { id }, limit) => listGrantsAround(db, id, limit),
  },
  {
    permissionType: 'groups',
    load: async (name, db) => mapped(await findGroup(db, name), groupResource),
    loadMany: async (names, db) =>
      mappedById(await listGroups(db, undefined, names.length, undefined, names), groupResource),
    list: async (db, after, limit) => (await listGroups(db, after, limit)).map(groupResource),
    related: async (_, { groups }, limit) => groups.slice(0, limit),
  },
  {
    permissionType: 'roles',
    load: async (name, db) => mapped(await findRole(db, name), roleResource),
    loadMany: async (names, db) =>
      mappedById(await listRoles(db, undefined, names.length, undefined, names), roleResource),
    list: async (db, after, limit) => (await listRoles(db, after, limit)).map(roleResource),
    related: async () => [],
  },
  {
    permissionType: 'networks',
    load: async (name, db) => mapped(await findNetwork(db, name), networkResource),
    loadMany: async (names, db) =>
      mappedById(await listNetworks(db, undefined, names.length, undefined, names), networkResource),
    list: async (db, after, limit) => (await listNetworks(db, after, limit)).map(networkResource),
    related: async () => [],
  },
]

function mapped<Row>(row: Row | undefined, made: (row: Row) => Resource): Resource | undefined {
  return row === undefined ? undefined : made(row)
}

function mappedById<Row>(rows: readonly Row[], made: (row: Row) => Resource): ReadonlyMap<string, Resource> {
  return new Map(rows.map(made).map((resource) => [resource.id, resource]))
}
