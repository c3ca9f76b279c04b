import type { Migration } from '#platform'

/**
 * Marks each route with when it was changed last, so that nodes read only those. The database does it, whichever version
 * wrote. On SQLite changes commit one after another, and the mark counts them. On PostgreSQL it is the number of the
 * transaction: what a reader could not see yet has a number at or above the `txid_snapshot_xmin` of that moment.
 */
export const routeChangesMigration: Migration = {
  id: '0011-route-changes',
  statements: (c) => [
    `alter table gateway_routes add column changed ${c.int} not null default 0`,
    'create index gateway_routes_changed on gateway_routes (changed)',
    ...(c.dialect === 'sqlite' ? counting : numbering),
  ],
}

const count = 'update gateway_routes set changed = (select max(changed) + 1 from gateway_routes) where id = new.id'
const counting = [
  `create trigger gateway_routes_made after insert on gateway_routes begin ${count}; end`,
  `create trigger gateway_routes_rewritten after update on gateway_routes when new.changed = old.changed begin ${count}; end`,
]

const numbering = [
  `create function gateway_number_change() returns trigger language plpgsql as $$
    begin new.changed := txid_current(); return new; end $$`,
  `create trigger gateway_routes_numbered before insert or update on gateway_routes
    for each row execute function gateway_number_change()`,
]
