import type { Migration } from '../db/database.ts'

/** What was asked under an Idempotency-Key and, once it was done, what was answered: sealed, for a day. */
export const idempotency: Migration = {
  id: '0006-idempotency',
  statements: ({ text, time, bytes, strict }) => [
    `create table platform_idempotency_keys (
      mac ${text} primary key,
      fingerprint ${text} not null,
      state ${text} not null,
      answer ${bytes},
      at ${time} not null
    ) ${strict}`,
    'create index platform_idempotency_keys_at on platform_idempotency_keys (at)',
  ],
}
