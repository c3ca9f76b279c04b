import type { Migration } from '#platform'
import { certificatesMigration } from './0001-certificates.ts'
import { hierarchyMigration } from './0002-hierarchy.ts'
import { revocationMigration } from './0003-revocation.ts'
import { authoritiesMigration } from './0005-authorities.ts'
import { enrolmentMigration } from './0006-enrolment.ts'
import { profilesMigration } from './0007-profiles.ts'
import { holdersMigration } from './0008-holders.ts'
import { serialsMigration } from './0009-serials.ts'
import { usePlacesMigration } from './0010-use-places.ts'
import { listsMigration } from './0011-lists.ts'

export const migrations: readonly Migration[] = [
  certificatesMigration,
  hierarchyMigration,
  revocationMigration,
  authoritiesMigration,
  enrolmentMigration,
  profilesMigration,
  holdersMigration,
  serialsMigration,
  usePlacesMigration,
  listsMigration,
]
