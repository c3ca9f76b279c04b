import type { Migration } from '#platform'

/** Recovery codes, each good once, one standing set for an account; half sign-ins that proved more than one factor. */
export const oneTimeCodes: Migration = {
  id: '0006-one-time-codes',
  statements: (c) => [
    `create table identity_recovery_codes (
      credential_id ${c.text} not null references identity_credentials (id),
      mac ${c.text} not null,
      used_at ${c.time},
      primary key (credential_id, mac)
    ) ${c.strict}`,
    `alter table identity_sign_ins add column further ${c.text}`,
    `create unique index identity_credentials_recovery on identity_credentials (account_id)
      where kind = 'recovery-codes' and revoked_at is null`,
  ],
}
