import type { Migration } from '#platform'

/** A path may hold several routes now, by method, exactness and priority; who saves one asks for the others at its path. */
export const placesMigration: Migration = {
  id: '0005-places',
  statements: () => [
    'drop index gateway_routes_place',
    'create index gateway_routes_place on gateway_routes (host, prefix_key) where removed_at is null',
  ],
}
