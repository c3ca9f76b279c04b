import type { Migration } from '#platform'

/**
 * What live grants pass on, pattern by pattern: who may do something is found without going through every grant. Revoking
 * a grant takes its patterns out. And the grants of one grantor or grantee in their order, the live ones by themselves.
 */
export const grantPatterns: Migration = {
  id: '0006-grant-patterns',
  statements: ({ dialect, text, strict }) => [
    `create table access_grant_patterns (
      pattern ${text} not null, grant_id ${text} not null references access_grants(id) on delete cascade,
      primary key (pattern, grant_id)
    ) ${strict}`,
    `create index access_grant_patterns_by_grant on access_grant_patterns (grant_id)`,
    dialect === 'sqlite'
      ? `insert into access_grant_patterns (pattern, grant_id)
         select distinct j.value, g.id from access_grants g, json_each(g.permissions) j where g.revoked_at is null`
      : `insert into access_grant_patterns (pattern, grant_id)
         select distinct j.value, g.id from access_grants g, jsonb_array_elements_text(g.permissions::jsonb) j(value)
         where g.revoked_at is null`,
    `create index access_grants_live on access_grants (grantee_id, id) where revoked_at is null`,
    `create index access_grants_given on access_grants (grantor_id, id)`,
    `create index access_grants_received on access_grants (grantee_id, id)`,
    `drop index access_grants_by_grantee`,
    `drop index access_grants_by_grantor`,
  ],
}
