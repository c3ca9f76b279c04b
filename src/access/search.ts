import type { Ctx, SearchAction, SearchSource } from '#platform'
import { searchGroups } from './groups-store.ts'
import { searchNetworks } from './networks-store.ts'
import { searchPolicies } from './operator/policies-store.ts'
import { searchRoles } from './roles-store.ts'

/** What search finds of this room, by name or title. */
export const accessSearch: readonly SearchSource[] = [
  source('Groups', '/groups', 22, searchGroups),
  source('Roles', '/roles', 30, searchRoles),
  source('Policies', '/policies', 34, searchPolicies),
  source('Networks', '/networks', 38, searchNetworks),
]

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
