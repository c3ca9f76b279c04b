import { type ErrorTable, errorsOf } from '#platform'

/** Everything this room refuses. */
export const errors = {
  'state.faults': {
    status: 422,
    title: 'The state has faults',
    detail: 'Nothing was changed. Every fault is named with its place; correct them and try again.',
  },
  'state.changed-meanwhile': {
    status: 409,
    title: 'Changed since it was planned',
    detail:
      'Nothing was changed: what stands, or the file, is not what the plan was made from. Make the plan again and look at it.',
  },
  'state.unknown-kind': {
    status: 400,
    title: 'No such kind of state',
    detail: 'There is no kind {kind}. There are: {kinds}.',
  },
} as const satisfies ErrorTable

export const fail = errorsOf(errors)
