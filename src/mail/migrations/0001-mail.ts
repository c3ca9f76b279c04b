import type { Migration } from '#platform'

/** Mails that wait, each sealed: they hold addresses and one-time links. */
export const mailQueue: Migration = {
  id: '0001-mail',
  statements: ({ text, int, time, json, bytes, strict }) => [
    `create table mail_messages (
      id ${text} primary key,
      purpose ${text} not null,
      about ${json},
      sealed ${bytes} not null,
      attempts ${int} not null,
      due_at ${time} not null,
      expires_at ${time},
      created_at ${time} not null,
      last_failure ${text}
    ) ${strict}`,
    'create index mail_messages_due on mail_messages (due_at, id)',
  ],
}
