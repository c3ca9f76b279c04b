import type { Migration } from '#platform'

/** Tokens to fetch certificates with, and which certificate was fetched with which. */
export const enrolmentMigration: Migration = {
  id: '0006-enrolment',
  statements: (c) => [
    `create table pki_enrolment_tokens (
      id ${c.text} primary key,
      secret_hash ${c.text} not null,
      profile ${c.text} not null,
      holder_kind ${c.text},
      holder_name ${c.text},
      holder_id ${c.text},
      names ${c.json} not null,
      uses ${c.int} not null,
      uses_left ${c.int} not null,
      networks ${c.json} not null,
      label ${c.text} not null,
      maker_id ${c.text} not null,
      maker ${c.json} not null,
      created_at ${c.time} not null,
      ends_at ${c.time} not null,
      last_used_at ${c.time},
      revoked_at ${c.time}
    ) ${c.strict}`,
    'create unique index pki_enrolment_tokens_secret on pki_enrolment_tokens (secret_hash)',
    'create index pki_enrolment_tokens_ends on pki_enrolment_tokens (ends_at)',
    `create table pki_enrolments (
      certificate_id ${c.text} primary key references pki_certificates (id),
      token_id ${c.text} not null references pki_enrolment_tokens (id),
      created_at ${c.time} not null
    ) ${c.strict}`,
    'create index pki_enrolments_token on pki_enrolments (token_id, certificate_id)',
  ],
}
