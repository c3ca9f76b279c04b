/** Who may come in where; what stands behind is loaded with the first request let in. */
import { doors } from '#platform'

const perItem = 'every item is asked for by itself, with the permission its own API asks for'

export const stateDoors = doors('api', {
  'GET /api/v1/state': {
    access: { signedIn: perItem },
    summary: 'Everything the caller may see as one file that can be applied again; without secrets',
  },
  'POST /api/v1/state/plan': {
    access: { signedIn: perItem },
    summary: 'What a file would change, tried and undone; nothing is changed',
  },
  'POST /api/v1/state/apply': {
    access: { signedIn: perItem },
    summary: 'Carries out a plan in one transaction; passwords and tokens it makes are answered once',
  },
})

export const statePageDoors = doors('browser', {
  'GET /state': { access: { permission: 'audit:read' } },
  'GET /state/state.yaml': {
    access: { signedIn: 'it holds what the caller may see, each item asked for by itself' },
  },
})
