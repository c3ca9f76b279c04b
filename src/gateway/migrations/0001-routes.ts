import type { Migration } from '#platform'

/** Routes (removed ones stay as tombstones of their names), one-time codes, and the keys assertions are signed with. */
export const routesMigration: Migration = {
  id: '0001-routes',
  statements: (c) => [
    `create table gateway_routes (
      id ${c.text} primary key,
      name ${c.text} not null unique,
      host ${c.text} not null,
      path_prefix ${c.text} not null,
      prefix_key ${c.text} not null,
      upstream ${c.text} not null,
      access ${c.json} not null,
      networks ${c.json} not null,
      timeouts ${c.json} not null,
      created_at ${c.time} not null,
      updated_at ${c.time} not null,
      revision ${c.int} not null,
      removed_at ${c.time}
    ) ${c.strict}`,
    'create unique index gateway_routes_place on gateway_routes (host, prefix_key) where removed_at is null',
    `create table gateway_codes (
      code_hash ${c.text} primary key,
      host ${c.text} not null,
      nonce_hash ${c.text} not null,
      return_path ${c.text} not null,
      actor ${c.json} not null,
      created_at ${c.time} not null,
      expires_at ${c.time} not null,
      used_at ${c.time}
    ) ${c.strict}`,
    'create index gateway_codes_expires_at on gateway_codes (expires_at)',
    `create table gateway_assertion_keys (
      id ${c.text} primary key,
      public_jwk ${c.json} not null,
      private_key ${c.bytes} not null,
      created_at ${c.time} not null
    ) ${c.strict}`,
  ],
}
