import type { Migration } from '#platform'

/** Profiles of the operator's own. What is removed stays as a tombstone: certificates name their profile for ever. */
export const profilesMigration: Migration = {
  id: '0007-profiles',
  statements: (c) => [
    `create table pki_profiles (
      name ${c.text} primary key,
      kind ${c.text} not null,
      line ${c.text} not null,
      lifetime_ms ${c.int} not null,
      keys ${c.json} not null,
      names ${c.json} not null,
      title ${c.text} not null,
      description ${c.text} not null,
      created_at ${c.time} not null,
      updated_at ${c.time} not null,
      revision ${c.int} not null,
      removed_at ${c.time}
    ) ${c.strict}`,
    'create index pki_enrolment_tokens_profile on pki_enrolment_tokens (profile, ends_at)',
  ],
}
