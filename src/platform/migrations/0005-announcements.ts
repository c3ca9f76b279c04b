import type { Migration } from '../db/database.ts'

/**
 * Journalled changes are announced through the outbox, in one lane of their own, while somebody is there to be told: each
 * row of the readers is a room that is. Asked in the transaction of the change, so that none is missed and none kept in
 * vain.
 */
export const announcements: Migration = {
  id: '0005-announcements',
  statements: ({ text, bool, strict }) => [
    `alter table platform_outbox add column announced ${bool} not null default 0`,
    'create index platform_outbox_announced on platform_outbox (announced, state, ordinal)',
    `create table platform_event_readers (reader ${text} primary key) ${strict}`,
  ],
}
