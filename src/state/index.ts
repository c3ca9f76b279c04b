import { z } from 'zod'
import { accessRoom } from '#access'
import { defineRoom, lateRoutes } from '#platform'
import { stateDoors, statePageDoors } from './doors.ts'
import { errors } from './errors.ts'
import { events } from './events.ts'
import { judge } from './judge.ts'
import type { StateDeps } from './plan.ts'
import { ordered } from './standing.ts'

/** What stands as one file, and a file as what shall stand. Offers nothing to other rooms; they contribute the kinds. */
export const stateRoom = defineRoom({
  name: 'state',
  config: z.strictObject({}).prefault({}),
  migrations: [],
  errors,
  permissions: [],
  events,
  needs: { access: accessRoom },
  open: ({ keyring }, { access }) => {
    let deps: StateDeps = { kinds: new Map(), judge: judge(access, new Map()), keyring }
    return Promise.resolve({
      face: undefined,
      routes: [
        ...lateRoutes(stateDoors, async () => (await import('./routes.ts')).stateRoutes(() => deps)),
        ...lateRoutes(statePageDoors, async () => (await import('./state-pages.ts')).statePages(() => deps)),
      ],
      navigation: [{ title: 'State', href: '/state', permission: 'audit:read', order: 95, group: 'record' }],
      start: ({ state, resources }) => {
        const loaders = new Map(resources.map((loader) => [loader.permissionType, loader]))
        const kinds = new Map(ordered(state).map((kind) => [kind.kind, kind]))
        deps = { kinds, judge: judge(access, loaders), keyring }
        return Promise.resolve()
      },
    })
  },
})
