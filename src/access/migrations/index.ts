import type { Migration } from '#platform'
import { access } from './0001-access.ts'
import { validations } from './0002-validations.ts'
import { policies } from './0003-policies.ts'
import { requests } from './0005-requests.ts'
import { grantPatterns } from './0006-grant-patterns.ts'
import { policyReadings } from './0007-policy-readings.ts'
import { ranks } from './0008-ranks.ts'

export const migrations: readonly Migration[] = [
  access,
  validations,
  policies,
  requests,
  grantPatterns,
  policyReadings,
  ranks,
]
