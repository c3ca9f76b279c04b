import type { Migration } from '#platform'

/**
 * Why an authority was revoked, which copy of its key was handed out, and intermediates that wait for the signature of a
 * root kept elsewhere.
 */
export const authoritiesMigration: Migration = {
  id: '0005-authorities',
  statements: (c) => [
    `alter table pki_authorities add column revocation_reason ${c.text}`,
    `alter table pki_authorities add column exported_at ${c.time}`,
    `alter table pki_authorities add column export_digest ${c.text}`,
    `create table pki_authority_requests (
      id ${c.text} primary key,
      line ${c.text} not null,
      name ${c.text} not null,
      subject ${c.bytes} not null,
      request ${c.bytes} not null,
      sealed_key ${c.bytes} not null,
      created_at ${c.time} not null,
      created_by ${c.text} not null
    ) ${c.strict}`,
  ],
}
