import type { Ctx, Found, SearchAction, SearchSource } from '#platform'
import { searchGrants } from './grants-store.ts'
import { searchGroups } from './groups-store.ts'
import { searchNetworks } from './networks-store.ts'
import type { OpenAccess } from './open.ts'
import { searchPolicies } from './operator/policies-store.ts'
import { findPrincipals } from './principals-store.ts'
import { answerable } from './requests/access-requests.ts'
import { listOpenRequests } from './requests/request-store.ts'
import { requestsJson } from './requests/wire.ts'
import { searchRoles } from './roles-store.ts'

/** What search finds of this room: what has a name by name or title, grants and requests by people and permission. */
export function accessSearch(access: OpenAccess): readonly SearchSource[] {
  return [
    source('Groups', '/groups', 22, searchGroups),
    source('Roles', '/roles', 30, searchRoles),
    source('Policies', '/policies', 34, searchPolicies),
    { title: 'Grants', order: 35, find: findGrants },
    { title: 'Requests', order: 36, find: (ctx, text, limit) => findRequests(access, ctx, text, limit) },
    source('Networks', '/networks', 38, searchNetworks),
  ]
}

async function findGrants(ctx: Ctx, text: string, limit: number): Promise<readonly Found[]> {
  const rows = await searchGrants(ctx.db, text, ctx.now, limit)
  const people = rows.flatMap(({ grantor_id, grantee_id }) => [grantor_id, grantee_id])
  const names = new Map((await findPrincipals(ctx.db, people)).map(({ id, name }) => [id, name]))
  const nameOf = (id: string) => names.get(id) ?? id
  return rows.map((row) => ({
    title: `${nameOf(row.grantor_id)} lends to ${nameOf(row.grantee_id)}`,
    note: (JSON.parse(row.permissions) as readonly string[]).join(', ').slice(0, 120),
    href: `/grants/${row.id}`,
  }))
}

/** Open requests looked through; those on the overview are found among as many. */
const mostLookedThrough = 200

/** Unlike other pages a request's is nobody's by permission: what is found here must be the reader's to see. */
async function findRequests(access: OpenAccess, ctx: Ctx, text: string, limit: number): Promise<readonly Found[]> {
  const open = await listOpenRequests(ctx.db, ctx.now, undefined, mostLookedThrough)
  const mine = open.filter(({ requester_id }) => requester_id === ctx.actor.principal.id)
  const seen = await requestsJson(ctx, [...(await answerable(access, ctx, open)), ...mine])
  return seen
    .filter(({ requester, permission, reason }) => [requester.name, permission, reason].some(has(text)))
    .slice(0, limit)
    .map(({ id, requester, permission, reason }) => ({
      title: `${requester.name} asks for ${permission}`,
      note: reason.slice(0, 120),
      href: `/requests/${id}`,
    }))
}

function has(text: string): (where: string) => boolean {
  return (where) => where.toLowerCase().includes(text)
}

export const accessActions: readonly SearchAction[] = [
  { title: 'Create a group', href: '/groups/new' },
  { title: 'Create a role', href: '/roles/new' },
  { title: 'Name a network', href: '/networks/new' },
  { title: 'Write a policy', href: '/policies/new' },
  { title: 'Pass on permissions', href: '/grants/new' },
  { title: 'Ask why something is refused', href: '/why' },
]

type Named = { readonly name: string; readonly title: string }

function source(
  title: string,
  section: string,
  order: number,
  read: (db: Ctx['db'], text: string, limit: number) => Promise<readonly Named[]>,
): SearchSource {
  return {
    title,
    order,
    find: async (ctx, text, limit) =>
      (await read(ctx.db, text, limit)).map((row) => ({
        title: row.title,
        note: row.name,
        href: `${section}/${row.name}`,
      })),
  }
}
