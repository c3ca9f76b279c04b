import type { Migration } from '#platform'

/** Which routes ask for client certificates. */
export const clientCertificatesMigration: Migration = {
  id: '0002-client-certificates',
  statements: (c) => [`alter table gateway_routes add column client_certificates ${c.bool} not null default 0`],
}
