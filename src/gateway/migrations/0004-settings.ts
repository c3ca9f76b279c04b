import type { Migration } from '#platform'

/** What of a route is not as by default, as JSON. */
export const settingsMigration: Migration = {
  id: '0004-settings',
  statements: (c) => [`alter table gateway_routes add column settings ${c.json} not null default '{}'`],
}
