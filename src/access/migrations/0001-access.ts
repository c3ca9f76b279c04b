import type { Migration } from '#platform'

/** Names of removed roles, groups and networks stay as tombstones (`removed_at`), so that none is ever reused. */
export const access: Migration = {
  id: '0001-access',
  statements: ({ text, int, time, bool, json, strict }) => [
    `create table access_principals (
      id ${text} primary key, kind ${text} not null, name ${text} not null, state ${text} not null,
      created_at ${time} not null
    ) ${strict}`,
    `create table access_roles (
      id ${text} primary key, name ${text} not null unique, title ${text} not null, description ${text} not null,
      permissions ${json} not null, built_in ${bool} not null, revision ${int} not null,
      created_at ${time} not null, updated_at ${time} not null, removed_at ${time}
    ) ${strict}`,
    `create table access_role_holders (
      role_id ${text} not null references access_roles(id),
      holder_kind ${text} not null check (holder_kind in ('principal', 'group')), holder_id ${text} not null,
      created_at ${time} not null, created_by ${text} not null,
      primary key (role_id, holder_kind, holder_id)
    ) ${strict}`,
    `create index access_role_holders_by_holder on access_role_holders (holder_kind, holder_id)`,
    `create table access_groups (
      id ${text} primary key, name ${text} not null unique, title ${text} not null, description ${text} not null,
      revision ${int} not null, created_at ${time} not null, updated_at ${time} not null, removed_at ${time}
    ) ${strict}`,
    `create table access_group_members (
      group_id ${text} not null references access_groups(id),
      member_kind ${text} not null check (member_kind in ('principal', 'group')), member_id ${text} not null,
      created_at ${time} not null, created_by ${text} not null,
      primary key (group_id, member_kind, member_id)
    ) ${strict}`,
    `create index access_group_members_by_member on access_group_members (member_kind, member_id)`,
    `create table access_networks (
      id ${text} primary key, name ${text} not null unique, title ${text} not null, cidrs ${json} not null,
      revision ${int} not null, created_at ${time} not null, updated_at ${time} not null, removed_at ${time}
    ) ${strict}`,
    `create table access_grants (
      id ${text} primary key,
      grantor_id ${text} not null, grantee_id ${text} not null references access_principals(id),
      permissions ${json} not null, note ${text} not null,
      starts_at ${time} not null, ends_at ${time}, created_at ${time} not null, revoked_at ${time}
    ) ${strict}`,
    `create index access_grants_by_grantee on access_grants (grantee_id)`,
    `create index access_grants_by_grantor on access_grants (grantor_id)`,
  ],
}
