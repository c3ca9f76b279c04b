import { requestSettings } from '../settings/request-settings.ts'
import { type RequestRules, requestRulesOf } from './request-rules.ts'

/** A route that sets nothing of its own. For tests. */
export const plainRules: RequestRules = rulesOf({})

/** Rules of a route at `/` with these settings. */
export function rulesOf(
  request: Partial<typeof requestSettings.defaults>,
  path = '/',
  secrets: ReadonlyMap<string, string> = new Map(),
): RequestRules {
  return requestRulesOf({ path, request: { ...requestSettings.defaults, ...request } }, secrets)
}
