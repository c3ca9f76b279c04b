import type { Migration } from '#platform'
import { certificatesMigration } from './0001-certificates.ts'

export const migrations: readonly Migration[] = [certificatesMigration]
