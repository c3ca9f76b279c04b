import type { RoomMigrations } from '../db/database.ts'
import { epochs } from './0001-epochs.ts'
import { keys } from './0002-keys.ts'
import { audit } from './0003-audit.ts'
import { outbox } from './0004-outbox.ts'
import { announcements } from './0005-announcements.ts'
import { idempotency } from './0006-idempotency.ts'
import { journalWriters } from './0007-journal-writers.ts'

/** The platform's own tables, first in the list handed to `Database.migrate`. */
export const platformMigrations: RoomMigrations = {
  room: 'platform',
  migrations: [epochs, keys, audit, outbox, announcements, idempotency, journalWriters],
}
