import type { Migration } from '../db/database.ts'

/** Keys wrapped by the seal. `current_from` lets every node learn of a new data key before the first uses it. */
export const keys: Migration = {
  id: '0002-keys',
  statements: ({ text, int, time, bytes, strict }) => [
    `create table platform_keys (
      id ${int} primary key, purpose ${text} not null, seal ${text} not null, wrapped ${bytes} not null,
      created_at ${time} not null, current_from ${time} not null
    ) ${strict}`,
  ],
}
