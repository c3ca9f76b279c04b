import type { Migration } from '#platform'

/** Endpoints (deleted ones stay as tombstones of their names), the events of the last weeks, and what was sent of them. */
export const hooksMigration: Migration = {
  id: '0001-hooks',
  statements: ({ text, int, time, json, bytes, strict }) => [
    `create table hooks_endpoints (
      id ${text} primary key,
      name ${text} not null unique,
      url ${text} not null,
      patterns ${json} not null,
      state ${text} not null,
      paused_reason ${text},
      failing_since ${time},
      owner ${json} not null,
      secret ${bytes} not null,
      former_secret ${bytes},
      former_until ${time},
      delivered_at ${time},
      created_at ${time} not null,
      updated_at ${time} not null,
      revision ${int} not null,
      removed_at ${time}
    ) ${strict}`,
    `create table hooks_events (
      id ${text} primary key,
      sequence ${int} not null,
      event ${text} not null,
      at ${time} not null,
      body ${json} not null
    ) ${strict}`,
    'create index hooks_events_sequence on hooks_events (sequence)',
    'create index hooks_events_at on hooks_events (at)',
    `create table hooks_deliveries (
      id ${text} primary key,
      endpoint_id ${text} not null,
      event_id ${text} not null,
      event ${text} not null,
      sequence ${int} not null,
      state ${text} not null,
      attempts ${int} not null,
      due_at ${time} not null,
      last_at ${time},
      status ${int},
      reason ${text},
      answer ${text},
      created_at ${time} not null
    ) ${strict}`,
    'create unique index hooks_deliveries_once on hooks_deliveries (endpoint_id, event_id)',
    'create index hooks_deliveries_due on hooks_deliveries (endpoint_id, state, due_at)',
    'create index hooks_deliveries_state on hooks_deliveries (state, due_at)',
    'create index hooks_deliveries_listed on hooks_deliveries (endpoint_id, sequence)',
    'create index hooks_deliveries_event on hooks_deliveries (event_id)',
  ],
}
