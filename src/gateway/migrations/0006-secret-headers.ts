import type { Migration } from '#platform'

/** Headers that routes set towards their apps and nobody is shown again; sealed. */
export const secretHeadersMigration: Migration = {
  id: '0006-secret-headers',
  statements: (c) => [
    `create table gateway_secret_headers (
      route_id ${c.text} not null,
      name ${c.text} not null,
      sealed ${c.bytes} not null,
      set_at ${c.time} not null,
      primary key (route_id, name)
    ) ${c.strict}`,
  ],
}
