import type { Migration } from '#platform'

/**
 * What revocation lists are made of, and the lists as they are served. A revocation stands here beside its certificate's
 * row because lists read all of an authority's at once: narrow rows, in order of the lists.
 */
export const revocationMigration: Migration = {
  id: '0003-revocation',
  statements: (c) => [
    `create table pki_revocations (
      authority_id ${c.text} not null references pki_authorities (id),
      shard ${c.text} not null,
      serial ${c.text} not null,
      revoked_at ${c.time} not null,
      reason ${c.text} not null,
      not_after ${c.time} not null,
      listed_in ${c.int},
      primary key (authority_id, shard, serial)
    ) ${c.dialect === 'sqlite' ? 'strict, without rowid' : c.strict}`,
    'create index pki_revocations_listed on pki_revocations (authority_id, listed_in)',
    'create index pki_revocations_unlisted on pki_revocations (authority_id, shard) where listed_in is null',
    'create index pki_revocations_not_after on pki_revocations (not_after)',
    `insert into pki_revocations (authority_id, shard, serial, revoked_at, reason, not_after)
      select authority_id, substr(serial, length(serial), 1), serial, revoked_at,
        coalesce(revocation_reason, 'unspecified'), not_after from pki_certificates where revoked_at is not null`,
    `create table pki_revocation_lists (
      authority_id ${c.text} not null references pki_authorities (id),
      scope ${c.text} not null,
      number ${c.int} not null,
      base_number ${c.int},
      this_update ${c.time} not null,
      next_update ${c.time} not null,
      entries ${c.int} not null,
      list ${c.bytes} not null,
      primary key (authority_id, scope)
    ) ${c.strict}`,
    `create table pki_revocation_bases (
      authority_id ${c.text} not null references pki_authorities (id),
      number ${c.int} not null,
      made_at ${c.time} not null,
      primary key (authority_id, number)
    ) ${c.strict}`,
    `create table pki_revocation_numbers (
      authority_id ${c.text} primary key references pki_authorities (id),
      number ${c.int} not null
    ) ${c.strict}`,
    `create table pki_distributions (
      address ${c.text} primary key,
      since ${c.time} not null
    ) ${c.strict}`,
    `create index pki_certificates_compromised on pki_certificates (key_digest) where revocation_reason = 'keyCompromise'`,
  ],
}
