import type { Migration } from '#platform'

/** Policies the operator writes, every text they ever had, and what those in shadow mode would have changed. */
export const policies: Migration = {
  id: '0003-policies',
  statements: ({ text, int, time, strict }) => [
    `create table access_policies (
      id ${text} primary key, name ${text} not null unique, title ${text} not null,
      state ${text} not null check (state in ('enforced', 'shadow', 'off')),
      version ${int} not null, revision ${int} not null,
      created_at ${time} not null, updated_at ${time} not null, removed_at ${time}
    ) ${strict}`,
    `create table access_policy_versions (
      policy_id ${text} not null references access_policies(id), version ${int} not null,
      text ${text} not null, author_id ${text} not null, author_name ${text} not null, reason ${text} not null,
      at ${time} not null,
      primary key (policy_id, version)
    ) ${strict}`,
    `create table access_policy_differences (
      policy_id ${text} not null references access_policies(id), version ${int} not null,
      principal_id ${text} not null, principal_name ${text} not null, permission ${text} not null,
      resource_type ${text} not null, resource_id ${text} not null,
      would ${text} not null check (would in ('allow', 'refuse')), count ${int} not null,
      first_at ${time} not null, last_at ${time} not null,
      primary key (policy_id, version, principal_id, permission, resource_type, resource_id, would)
    ) ${strict}`,
    `create index access_policy_differences_by_time on access_policy_differences (policy_id, last_at)`,
  ],
}
