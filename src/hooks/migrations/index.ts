import type { Migration } from '#platform'
import { hooksMigration } from './0001-hooks.ts'

export const migrations: readonly Migration[] = [hooksMigration]
