import type { Migration } from '#platform'

/** What people asked for; one open request for a permission per person. */
export const requests: Migration = {
  id: '0005-requests',
  statements: ({ text, int, time, strict }) => [
    `create table access_requests (
      id ${text} primary key, requester_id ${text} not null, permission ${text} not null, reason ${text} not null,
      duration_ms ${int} not null,
      state ${text} not null check (state in ('open', 'granted', 'declined', 'withdrawn')),
      created_at ${time} not null, expires_at ${time} not null,
      answered_at ${time}, answered_by ${text}, answer ${text} not null, grant_id ${text}
    ) ${strict}`,
    `create unique index access_requests_open on access_requests (requester_id, permission) where state = 'open'`,
    `create index access_requests_by_state on access_requests (state, expires_at)`,
    `create index access_requests_by_requester on access_requests (requester_id, created_at)`,
  ],
}
