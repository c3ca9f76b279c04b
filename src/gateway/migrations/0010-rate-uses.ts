import type { Migration } from '#platform'

/** How much of rate limits is used, for nodes that share a database. On SQLite there is one node, which remembers by itself. */
export const rateUsesMigration: Migration = {
  id: '0010-rate-uses',
  statements: (c) => [
    `create table gateway_rate_uses (
      name ${c.text} primary key,
      full_at ${c.int} not null,
      cost ${c.int} not null
    ) ${c.strict}`,
    'create index gateway_rate_uses_full_at on gateway_rate_uses (full_at)',
  ],
}
