import type { Migration } from '#platform'

/** Certificates tell of their last use what every other credential tells: the country and the program too. */
export const usePlacesMigration: Migration = {
  id: '0010-use-places',
  statements: (c) => [
    `alter table pki_certificate_uses add column region ${c.text}`,
    `alter table pki_certificate_uses add column client ${c.text}`,
  ],
}
