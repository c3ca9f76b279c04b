import type { RoomMigrations } from '../db/database.ts'
import { epochs } from './0001-epochs.ts'
import { keys } from './0002-keys.ts'

/** The platform's own tables, first in the list handed to `Database.migrate`. */
export const platformMigrations: RoomMigrations = { room: 'platform', migrations: [epochs, keys] }
