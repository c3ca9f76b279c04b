import type { Migration } from '#platform'

/**
 * Every list of certificates ends after a page of index entries, however many there are. The texts stand in an index of
 * their own on SQLite, whose entries have no greatest length; what is made together goes to the end of each of these.
 */
export const listsMigration: Migration = {
  id: '0011-lists',
  statements: (c) => [
    'create index pki_certificates_profile on pki_certificates (profile, id)',
    'create index pki_certificates_asker on pki_certificates (asked_by, id) where asked_by is not null',
    'create index pki_certificates_revoked_ids on pki_certificates (id, not_after, revoked_at) where revoked_at is not null',
    'create index pki_certificates_ends on pki_certificates (not_after, id)',
    'drop index pki_certificates_not_after',
    // of an authority by time: no query has asked for that since revocations have a table of their own
    'drop index pki_certificates_revoked',
    ...(c.dialect === 'sqlite'
      ? ['create index pki_certificates_texts on pki_certificates (id, names, subject, serial, label)']
      : []),
  ],
}
