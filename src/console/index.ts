import { z } from 'zod'
import { accessRoom } from '#access'
import { identityRoom } from '#identity'
import { type Ctx, consoleOrigin, defineRoom, pageOpener } from '#platform'
import { type Console, nothingYet } from './console.ts'
import { consoleErrors } from './errors.ts'
import { recordSearch } from './record-search.ts'
import { consoleRoutes } from './routes.ts'
import { shell } from './shell.ts'

/** The shell around every page, the overview, the journal, and what strangers may read. Offers nothing to other rooms. */
export const consoleRoom = defineRoom({
  name: 'console',
  config: z.strictObject({}),
  migrations: [],
  errors: consoleErrors,
  permissions: [],
  needs: { access: accessRoom, identity: identityRoom },
  open: (kernel, faces) => {
    let contributed = nothingYet
    let opens: ReturnType<typeof pageOpener> = () => Promise.resolve(false)
    const { host, contact } = kernel.config.console
    const console: Console = {
      host,
      contact,
      origin: () => consoleOrigin(kernel),
      keyring: kernel.keyring,
      allowed: async (ctx, permission) =>
        (await faces.access.decide(ctx.actor, permission, undefined, { now: ctx.now })).allowed,
      opens: (ctx, path) => opens(ctx, path),
      displayName: async ({ actor: { principal } }: Ctx) =>
        (await faces.identity.profile(principal.id))?.displayName ?? principal.name,
      holdings: (ctx) => faces.access.holdings(ctx.db, ctx.actor.principal.id),
      contributed: () => contributed,
    }
    return Promise.resolve({
      face: undefined,
      shell: shell(console),
      routes: consoleRoutes(console),
      navigation: [{ title: 'Journal', href: '/journal', permission: 'audit:read', order: 70, group: 'record' }],
      search: [recordSearch],
      searchActions: [{ title: 'Verify the journal', href: '/journal/verify' }],
      start: (contributions) => {
        contributed = contributions
        opens = pageOpener({ ...contributions, decide: (...question) => faces.access.decide(...question) })
        return Promise.resolve()
      },
    })
  },
})
