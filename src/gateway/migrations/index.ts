import type { Migration } from '#platform'
import { routesMigration } from './0001-routes.ts'
import { clientCertificatesMigration } from './0002-client-certificates.ts'
import { presentCertificateMigration } from './0003-present-certificate.ts'
import { settingsMigration } from './0004-settings.ts'
import { placesMigration } from './0005-places.ts'
import { secretHeadersMigration } from './0006-secret-headers.ts'
import { rateUsesMigration } from './0010-rate-uses.ts'
import { routeChangesMigration } from './0011-route-changes.ts'

export const migrations: readonly Migration[] = [
  routesMigration,
  clientCertificatesMigration,
  presentCertificateMigration,
  settingsMigration,
  placesMigration,
  secretHeadersMigration,
  rateUsesMigration,
  routeChangesMigration,
]
