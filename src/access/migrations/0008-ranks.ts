import type { Migration } from '#platform'

/** Whom one may act on. Whatever is not given a rank has none; the administrators' is above all that can be given. */
export const ranks: Migration = {
  id: '0008-ranks',
  statements: ({ int }) => [
    `alter table access_roles add column rank ${int} not null default 0`,
    `update access_roles set rank = 1001 where built_in = 1 and name = 'administrator'`,
  ],
}
