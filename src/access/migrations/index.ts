import type { Migration } from '#platform'
import { access } from './0001-access.ts'

export const migrations: readonly Migration[] = [access]
