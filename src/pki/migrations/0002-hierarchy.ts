import type { Migration } from '#platform'

/**
 * Authorities in lines and states, with keys that may be elsewhere; certificates of every profile, with who holds them.
 * Both tables are made anew, because what was required before (a key, a host) no longer always is.
 */
export const hierarchyMigration: Migration = {
  id: '0002-hierarchy',
  statements: (c) => [
    `create table pki_authorities_2 (
      id ${c.text} primary key,
      kind ${c.text} not null default 'root',
      line ${c.text} not null default 'root',
      state ${c.text} not null default 'active',
      name ${c.text} not null,
      subject ${c.bytes} not null,
      certificate ${c.bytes} not null,
      cross_certificate ${c.bytes},
      parent_id ${c.text} references pki_authorities_2 (id),
      sealed_key ${c.bytes},
      created_at ${c.time} not null,
      revoked_at ${c.time}
    ) ${c.strict}`,
    `insert into pki_authorities_2 (id, name, subject, certificate, sealed_key, created_at)
      select id, name, subject, certificate, sealed_key, created_at from pki_authorities`,
    `create table pki_certificates_2 (
      id ${c.text} primary key,
      authority_id ${c.text} not null references pki_authorities_2 (id),
      serial ${c.text} not null,
      fingerprint ${c.text},
      profile ${c.text} not null default 'server',
      holder_id ${c.text},
      subject ${c.text} not null default '',
      names ${c.json} not null default '[]',
      host ${c.text},
      key_digest ${c.text},
      not_before ${c.time} not null,
      not_after ${c.time} not null,
      certificate ${c.bytes} not null,
      sealed_key ${c.bytes},
      renewed_from ${c.text} references pki_certificates_2 (id),
      limits ${c.json},
      label ${c.text},
      asked_by ${c.text},
      via ${c.text} not null default 'host',
      created_at ${c.time} not null,
      revoked_at ${c.time},
      revocation_reason ${c.text}
    ) ${c.strict}`,
    `insert into pki_certificates_2
      (id, authority_id, serial, host, names, not_before, not_after, certificate, sealed_key, created_at, revoked_at)
      select id, authority_id, serial, host, '["' || host || '"]', not_before, not_after, certificate, sealed_key, created_at,
        revoked_at from pki_certificates`,
    'drop table pki_certificates',
    'drop table pki_authorities',
    'alter table pki_authorities_2 rename to pki_authorities',
    'alter table pki_certificates_2 rename to pki_certificates',
    `create unique index pki_authorities_active on pki_authorities (line) where state = 'active'`,
    'create unique index pki_certificates_serial on pki_certificates (authority_id, serial)',
    'create unique index pki_certificates_fingerprint on pki_certificates (fingerprint) where fingerprint is not null',
    'create index pki_certificates_host on pki_certificates (host, not_after) where host is not null',
    'create index pki_certificates_keys on pki_certificates (not_after) where sealed_key is not null',
    'create index pki_certificates_holder on pki_certificates (holder_id, id) where holder_id is not null',
    'create index pki_certificates_renewed_from on pki_certificates (renewed_from) where renewed_from is not null',
    'create index pki_certificates_key_digest on pki_certificates (key_digest) where key_digest is not null',
    'create index pki_certificates_not_after on pki_certificates (not_after)',
    'create index pki_certificates_revoked on pki_certificates (authority_id, revoked_at) where revoked_at is not null',
    `create table pki_holders (
      id ${c.text} primary key,
      kind ${c.text} not null,
      name ${c.text} not null,
      created_at ${c.time} not null,
      removed_at ${c.time},
      unique (kind, name)
    ) ${c.strict}`,
    `create table pki_certificate_uses (
      certificate_id ${c.text} primary key references pki_certificates (id),
      seen_at ${c.time} not null,
      address ${c.text}
    ) ${c.strict}`,
  ],
}
