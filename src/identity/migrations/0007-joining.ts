import type { Migration } from '#platform'

/** Invitations, links, verified addresses, suspensions, and the places people sign in from. */
export const joining: Migration = {
  id: '0007-joining',
  statements: (c) => [
    `alter table identity_accounts add column email_key ${c.text}`,
    `alter table identity_accounts add column email_verified_at ${c.time}`,
    `alter table identity_accounts add column suspended_until ${c.time}`,
    `create unique index identity_accounts_email_key on identity_accounts (email_key) where email_key is not null`,
    `create index identity_accounts_suspended on identity_accounts (suspended_until) where state = 'suspended'`,
    `create table identity_joining (
      id ${c.int} primary key check (id = 1),
      mode ${c.text} not null,
      revision ${c.int} not null,
      updated_at ${c.time} not null
    ) ${c.strict}`,
    `insert into identity_joining (id, mode, revision, updated_at) values (1, 'off', 1, 0)`,
    `create table identity_invitations (
      id ${c.text} primary key,
      shown_hash ${c.text} unique,
      mailed_hash ${c.text} unique,
      inviter ${c.json} not null,
      handle ${c.text},
      display_name ${c.text},
      email ${c.text},
      roles ${c.json} not null,
      groups ${c.json} not null,
      state ${c.text} not null,
      account_id ${c.text} references identity_accounts (id),
      created_at ${c.time} not null,
      expires_at ${c.time} not null,
      settled_at ${c.time}
    ) ${c.strict}`,
    `create index identity_invitations_settled on identity_invitations (settled_at)`,
    `create table identity_links (
      hash ${c.text} primary key,
      kind ${c.text} not null,
      account_id ${c.text} references identity_accounts (id),
      email ${c.text},
      maker ${c.json},
      second_factors ${c.bool} not null,
      holdings ${c.text},
      created_at ${c.time} not null,
      expires_at ${c.time} not null
    ) ${c.strict}`,
    `create index identity_links_account on identity_links (account_id, kind)`,
    `create index identity_links_expires on identity_links (expires_at)`,
    `create table identity_suspensions (
      id ${c.text} primary key,
      account_id ${c.text} not null references identity_accounts (id),
      reason ${c.text} not null,
      made_by ${c.json} not null,
      from_at ${c.time} not null,
      until_at ${c.time} not null,
      lifted_by ${c.json},
      lifted_at ${c.time}
    ) ${c.strict}`,
    `create index identity_suspensions_account on identity_suspensions (account_id, from_at)`,
    `create table identity_places (
      account_id ${c.text} not null references identity_accounts (id),
      kind ${c.text} not null,
      place ${c.text} not null,
      first_at ${c.time} not null,
      last_at ${c.time} not null,
      primary key (account_id, kind, place)
    ) ${c.strict}`,
  ],
}
