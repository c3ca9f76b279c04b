import { consoleOrigin, defineRoom } from '#platform'
import { accessConfig } from './config.ts'
import { errors } from './errors.ts'
import { events } from './events.ts'
import { migrations } from './migrations/index.ts'
import { navigation } from './navigation.ts'
import { openAccess } from './open.ts'
import { permissions } from './permissions.ts'
import { policies } from './policies.ts'
import { forgetRequests } from './requests/access-requests.ts'
import { pendingRequests } from './requests/pending.ts'
import { accessResources } from './resources.ts'
import { accessRoutes } from './routes.ts'
import { accessActions, accessSearch } from './search.ts'
import { accessState } from './state.ts'

export type { AccessFace, Account, AccountQuestion, GivableRole, Holdings, NamedNetwork } from './face.ts'
export type { Listed, ListSpec } from './lists.ts'

const differencesWrittenEveryMs = 10_000

/** Who may do what, through what, and why. */
export const accessRoom = defineRoom({
  name: 'access',
  config: accessConfig.prefault({}),
  migrations,
  errors,
  permissions,
  events,
  needs: {},
  async open(kernel, _, config) {
    const access = openAccess(kernel, config)
    let timer: NodeJS.Timeout | undefined
    return {
      face: access.face,
      routes: accessRoutes({ access, keyring: kernel.keyring, origin: () => consoleOrigin(kernel) }),
      navigation,
      search: accessSearch(access),
      searchActions: accessActions,
      resources: accessResources,
      policies: [policies],
      pending: (ctx) => pendingRequests(access, ctx),
      jobs: [{ name: 'access.forget-requests', everyMs: 3_600_000, run: forgetRequests }],
      explain: async (...asked) => (await import('./why/routes.ts')).explainFor(access)(...asked),
      state: accessState(access),
      authorize: (actor, permission, resource, { now }) => access.decisions.decide(actor, permission, resource, now),
      inNetworks: (address, networks) => access.face.inNetworks(kernel.database.db, address, networks),
      async start(contributions) {
        await access.start(contributions)
        timer = setInterval(() => void access.differences.flush(), differencesWrittenEveryMs).unref()
      },
      async stop() {
        clearInterval(timer)
        await access.differences.flush()
      },
    }
  },
})
