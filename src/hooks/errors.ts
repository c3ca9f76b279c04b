import { type ErrorTable, errorsOf } from '#platform'

/** What this room refuses. */
export const hooksErrors = {
  'hooks.webhook-unknown': {
    status: 404,
    title: 'No such webhook',
    detail: 'There is no webhook with this name.',
  },
  'hooks.name-taken': {
    status: 409,
    title: 'The name is taken',
    detail:
      'A webhook is or was called {name}. Nothing was made. Names are never used twice, because permissions and the journal refer to them.',
  },
  'hooks.too-many': {
    status: 409,
    title: 'There are too many webhooks',
    detail:
      'There are {count} webhooks already, and no more are allowed. Nothing was made. Delete one that is not used.',
  },
  'hooks.event-unknown': {
    status: 422,
    title: 'There is no such event',
    detail:
      'No event is called {pattern}. Nothing was changed. The list of events is in docs/events.md and at /api/v1/events.',
  },
  'hooks.http-refused': {
    status: 422,
    title: 'This address is not encrypted',
    detail:
      'Webhooks go to https: addresses. Nothing was changed. Plain http: needs the host {host} in allow-http under [hooks] of gatehouse.toml.',
  },
  'hooks.limited-credential': {
    status: 422,
    title: 'What you signed in with is tied to a place',
    detail:
      'A webhook sends from the server, so a credential that is limited to networks or regions cannot make or change one. Nothing was changed. Use one without such limits.',
  },
  'hooks.changed-meanwhile': {
    status: 412,
    title: 'The webhook was changed meanwhile',
    detail:
      'Somebody changed the webhook after you loaded it. Nothing was changed. Load it again and repeat your change.',
  },
  'hooks.delivery-unknown': {
    status: 404,
    title: 'No such delivery',
    detail: 'This webhook has no such delivery. What was delivered is kept for 30 days.',
  },
  'hooks.dead-event-unknown': {
    status: 404,
    title: 'No such event',
    detail: 'No event that was given up has this id. Nothing was changed. Somebody may have repeated or dropped it.',
  },
} satisfies ErrorTable

export const fail = errorsOf(hooksErrors)
