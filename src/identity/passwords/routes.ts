import type { Route } from '#platform'
import type { Parts } from '../parts.ts'
import { passwordApi } from './api.ts'
import { passwordPages } from './pages.ts'

/** Making and resetting passwords; listing, renaming and revoking are those of every kind. */
export function passwordRoutes(parts: Parts): readonly Route[] {
  return [...passwordPages(parts), ...passwordApi(parts)]
}
