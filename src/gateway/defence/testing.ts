import { settingsDefaults } from '../settings/route-settings.ts'
import { type ResponseRules, type RulesOf, responseRules } from './response-rules.ts'

/** Rules of a route with these settings, the rest as by default. For tests. */
export function rulesFor(
  response: Partial<RulesOf['response']>,
  { host = 'app.example.org', upstreams = ['http://127.0.0.1:3000'], hsts = undefined as string | undefined } = {},
): ResponseRules {
  return responseRules({ host, upstreams, response: { ...settingsDefaults.response, ...response } }, hsts)
}
