import type { Migration } from '#platform'
import { routesMigration } from './0001-routes.ts'

export const migrations: readonly Migration[] = [routesMigration]
