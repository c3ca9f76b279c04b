import { listAudit, type Route, route } from '#platform'
import { statePageDoors } from './doors.ts'
import { countState, exportState } from './export.ts'
import type { StateDeps } from './plan.ts'
import { yamlReply } from './routes.ts'
import { statePage } from './views/state.ts'

const section = '/state'
const lastApplies = 20
const mostCounted = 50

/** The page about declared state, and the export as a file to keep. */
export function statePages(deps: () => StateDeps): readonly Route[] {
  return [
    route({
      ...statePageDoors['GET /state'],
      handler: async (ctx) => {
        const [kinds, applies] = await Promise.all([
          countState(deps(), ctx, mostCounted),
          listAudit(ctx.db, { actionPrefix: 'state.apply' }, { limit: lastApplies }),
        ])
        const body = statePage({ kinds, applies, now: ctx.now })
        return { kind: 'page', page: { title: 'State as a file', body, section, frame: 'full' } }
      },
    }),
    route({
      ...statePageDoors['GET /state/state.yaml'],
      handler: async (ctx) => yamlReply(await exportState(deps(), ctx, undefined)),
    }),
  ]
}
