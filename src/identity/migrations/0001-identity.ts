import type { Migration } from '#platform'

export const firstTables: Migration = {
  id: '0001-identity',
  statements: (c) => [
    `create table identity_accounts (
      id ${c.text} primary key,
      handle ${c.text} not null unique,
      display_name ${c.text} not null,
      email ${c.text},
      state ${c.text} not null,
      search_text ${c.text} not null,
      revision ${c.int} not null,
      created_at ${c.time} not null,
      updated_at ${c.time} not null,
      deleted_at ${c.time}
    ) ${c.strict}`,
    `create table identity_credentials (
      id ${c.text} primary key,
      account_id ${c.text} not null references identity_accounts (id),
      kind ${c.text} not null,
      label ${c.text} not null,
      secret_hash ${c.text} not null,
      permissions ${c.json} not null,
      networks ${c.json} not null,
      regions ${c.json} not null,
      expires_at ${c.time},
      opened_by ${c.text} references identity_credentials (id),
      created_at ${c.time} not null,
      secret_set_at ${c.time} not null,
      last_used_at ${c.time},
      last_used_address ${c.text},
      revoked_at ${c.time}
    ) ${c.strict}`,
    `create index identity_credentials_account on identity_credentials (account_id, kind)`,
    `create index identity_credentials_opened_by on identity_credentials (opened_by)`,
    `create unique index identity_credentials_token on identity_credentials (secret_hash) where kind = 'token'`,
    `create unique index identity_credentials_password on identity_credentials (account_id)
      where kind = 'password' and revoked_at is null`,
    `create table identity_sessions (
      id ${c.text} primary key,
      token_hash ${c.text} not null unique,
      account_id ${c.text} not null references identity_accounts (id),
      credential_id ${c.text} not null references identity_credentials (id),
      parent_id ${c.text} references identity_sessions (id),
      host ${c.text},
      client ${c.text} not null,
      created_at ${c.time} not null,
      created_address ${c.text},
      ends_at ${c.time} not null,
      last_seen_at ${c.time} not null,
      last_seen_address ${c.text},
      ended_at ${c.time},
      end_reason ${c.text}
    ) ${c.strict}`,
    `create index identity_sessions_account on identity_sessions (account_id, ended_at)`,
    `create index identity_sessions_credential on identity_sessions (credential_id, ended_at)`,
    `create index identity_sessions_parent on identity_sessions (parent_id)`,
    `create index identity_sessions_ends on identity_sessions (ends_at)`,
    `create table identity_throttles (
      mac ${c.text} primary key,
      attempts ${c.int} not null,
      delayed_until ${c.time} not null,
      settled_at ${c.time} not null,
      forgotten_at ${c.time} not null
    ) ${c.strict}`,
    `create index identity_throttles_forgotten on identity_throttles (forgotten_at)`,
    `create table identity_setup (
      hash ${c.text} primary key,
      kind ${c.text} not null,
      created_at ${c.time} not null,
      expires_at ${c.time}
    ) ${c.strict}`,
  ],
}
