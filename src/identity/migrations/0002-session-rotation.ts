import type { Migration } from '#platform'

/** A session's token changes when what its account holds changes; requests on their way keep the old one for a moment. */
export const sessionRotation: Migration = {
  id: '0002-session-rotation',
  statements: (c) => [
    `alter table identity_sessions add column holdings ${c.text}`,
    `alter table identity_sessions add column former_hash ${c.text}`,
    `alter table identity_sessions add column former_until ${c.time}`,
    `create unique index identity_sessions_former on identity_sessions (former_hash) where former_hash is not null`,
  ],
}
