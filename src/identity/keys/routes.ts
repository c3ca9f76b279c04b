import type { Route } from '#platform'
import type { Parts } from '../parts.ts'
import { createKeyAnswers } from './answers.ts'
import { keyApi } from './api.ts'
import { keyCreationRoutes } from './creation-routes.ts'
import { keyProvingRoutes } from './proving-routes.ts'
import { keySignInRoutes } from './sign-in-routes.ts'

/** Everything about keys and shared secrets that only they have. */
export function keyRoutes(parts: Parts): readonly Route[] {
  const answers = createKeyAnswers(parts)
  return [
    ...keySignInRoutes(parts, answers),
    ...keyProvingRoutes(parts, answers),
    ...keyCreationRoutes(parts),
    ...keyApi(parts),
  ]
}
