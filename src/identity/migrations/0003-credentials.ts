import type { Migration } from '#platform'

/** Many kinds of credentials, several of one kind, sessions that rest on more than one, and sign-ins half done. */
export const manyCredentials: Migration = {
  id: '0003-credentials',
  statements: (c) => [
    `drop index identity_credentials_password`,
    `alter table identity_credentials add column material ${c.text}`,
    `alter table identity_credentials add column fingerprint ${c.text}`,
    `alter table identity_credentials add column counter ${c.int}`,
    `alter table identity_credentials add column is_second ${c.bool} not null default 0`,
    `alter table identity_credentials add column factors ${c.int} not null default 1`,
    `alter table identity_credentials add column last_used_region ${c.text}`,
    `alter table identity_credentials add column last_used_client ${c.text}`,
    `create index identity_credentials_fingerprint on identity_credentials (fingerprint) where fingerprint is not null`,
    `create unique index identity_credentials_unique on identity_credentials (kind, fingerprint)
      where kind in ('passkey', 'certificate') and revoked_at is null`,
    `alter table identity_sessions add column proved_at ${c.time}`,
    `alter table identity_sessions add column factors ${c.int} not null default 1`,
    `alter table identity_sessions add column phishing_resistant ${c.bool} not null default 0`,
    `alter table identity_sessions add column created_region ${c.text}`,
    `alter table identity_sessions add column last_seen_region ${c.text}`,
    `create table identity_session_factors (
      session_id ${c.text} not null references identity_sessions (id) on delete cascade,
      credential_id ${c.text} not null references identity_credentials (id),
      proved_at ${c.time} not null,
      primary key (session_id, credential_id)
    ) ${c.strict}`,
    `create index identity_session_factors_credential on identity_session_factors (credential_id)`,
    `create table identity_sign_ins (
      id ${c.text} primary key,
      token_hash ${c.text} not null unique,
      account_id ${c.text} not null references identity_accounts (id),
      credential_id ${c.text} not null references identity_credentials (id),
      demanded ${c.text} not null,
      attempts_left ${c.int} not null,
      created_at ${c.time} not null,
      expires_at ${c.time} not null
    ) ${c.strict}`,
    `create index identity_sign_ins_expires on identity_sign_ins (expires_at)`,
    `create table identity_used_challenges (
      nonce ${c.text} primary key,
      expires_at ${c.time} not null
    ) ${c.strict}`,
    `create index identity_used_challenges_expires on identity_used_challenges (expires_at)`,
  ],
}
