import type { Migration } from '#platform'

/** Devices and services as things of their own: what people call them, who made them. */
export const holdersMigration: Migration = {
  id: '0008-holders',
  statements: (c) => [
    `alter table pki_holders add column title ${c.text} not null default ''`,
    `alter table pki_holders add column created_by ${c.text}`,
    `alter table pki_holders add column revision ${c.int} not null default 1`,
    'create index pki_holders_known on pki_holders (name, id) where removed_at is null',
  ],
}
