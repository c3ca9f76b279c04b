import type { NavigationEntry } from '#platform'

/** Where this room's pages stand in the console. */
export const navigation: readonly NavigationEntry[] = [
  { title: 'Groups', href: '/groups', permission: 'groups:read', order: 22, group: 'people' },
  { title: 'Roles', href: '/roles', permission: 'roles:read', order: 30, group: 'access' },
  { title: 'Policies', href: '/policies', permission: 'policies:read', order: 34, group: 'access' },
  { title: 'Grants', href: '/grants', permission: 'grants:read', order: 36, group: 'access' },
  { title: 'Requests', href: '/requests', permission: 'grants:create', order: 37, group: 'access' },
  { title: 'Networks', href: '/networks', permission: 'networks:read', order: 38, group: 'access' },
  { title: 'Why?', href: '/why', permission: 'decisions:read', order: 39, group: 'access' },
]
