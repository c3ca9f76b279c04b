import type { SearchAction, SearchSource } from '#platform'
import { searchAccounts } from './account-store.ts'

/** People by handle, name, e-mail or id. */
export const accountSearch: SearchSource = {
  title: 'People',
  order: 20,
  find: async (ctx, text, limit) => {
    const accounts = await searchAccounts(ctx.db, text, limit)
    return accounts.map(({ id, handle, displayName }) => ({
      title: displayName,
      note: handle,
      href: `/accounts/${id}`,
    }))
  },
}

export const identityActions: readonly SearchAction[] = [
  { title: 'Add a person', href: '/accounts/new' },
  { title: 'Invite somebody', href: '/invitations/new' },
  { title: 'Change who may join', href: '/invitations/joining' },
  { title: 'My account', href: '/account' },
  { title: 'Ways I sign in', href: '/account/security' },
  { title: 'Change my password', href: '/account/password' },
  { title: 'Create an API token', href: '/account/tokens/new' },
]
