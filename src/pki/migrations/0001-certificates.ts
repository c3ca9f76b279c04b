import type { Migration } from '#platform'

/** Authorities with their sealed keys, and every certificate they issued. */
export const certificatesMigration: Migration = {
  id: '0001-certificates',
  statements: (c) => [
    `create table pki_authorities (
      id ${c.text} primary key,
      kind ${c.text} not null,
      name ${c.text} not null,
      subject ${c.bytes} not null,
      certificate ${c.bytes} not null,
      sealed_key ${c.bytes} not null,
      created_at ${c.time} not null
    ) ${c.strict}`,
    `create unique index pki_authorities_root on pki_authorities (kind) where kind = 'root'`,
    `create table pki_certificates (
      id ${c.text} primary key,
      authority_id ${c.text} not null references pki_authorities (id),
      serial ${c.text} not null,
      host ${c.text} not null,
      not_before ${c.time} not null,
      not_after ${c.time} not null,
      certificate ${c.bytes} not null,
      sealed_key ${c.bytes},
      created_at ${c.time} not null,
      revoked_at ${c.time}
    ) ${c.strict}`,
    'create unique index pki_certificates_serial on pki_certificates (authority_id, serial)',
    'create index pki_certificates_host on pki_certificates (host, not_after)',
    'create index pki_certificates_keys on pki_certificates (not_after) where sealed_key is not null',
  ],
}
