import type { Migration } from '#platform'

/** Which routes' apps are shown a client certificate of Gatehouse's own. */
export const presentCertificateMigration: Migration = {
  id: '0003-present-certificate',
  statements: (c) => [`alter table gateway_routes add column present_certificate ${c.bool} not null default 0`],
}
