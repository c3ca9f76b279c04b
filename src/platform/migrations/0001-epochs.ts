import type { Migration } from '../db/database.ts'

/** A touch adds one to a row; an epoch is the sum of its rows. Several rows a name keep concurrent touches apart. */
export const epochs: Migration = {
  id: '0001-epochs',
  statements: ({ text, int, strict }) => [
    `create table platform_epochs (
      name ${text} not null, shard ${int} not null, value ${int} not null,
      primary key (name, shard)
    ) ${strict}`,
  ],
}
