import type { Migration } from '#platform'

/** Policy sets that were found to fit their schema: the same set need not be proven again at every start. */
export const validations: Migration = {
  id: '0002-validations',
  statements: ({ text, time, strict }) => [
    `create table access_validations (digest ${text} primary key, at ${time} not null) ${strict}`,
  ],
}
