import type { StateFields } from '#platform'
import { patched, unlikeDefaults } from './group.ts'
import { groupNames, groups, type RouteSettings, ruleNames } from './route-settings.ts'

/**
 * Groups as files declare them: each as a whole, of which what is as by default is left out. So a file says only what is
 * unusual, and what it leaves out of a group it names is the default again.
 */
export const declaredGroups = {
  request: groups.request.patch.transform((given) => shortened('request', given)).optional(),
  response: groups.response.patch.transform((given) => shortened('response', given)).optional(),
  limits: groups.limits.patch.transform((given) => shortened('limits', given)).optional(),
  balance: groups.balance.patch.transform((given) => shortened('balance', given)).optional(),
}

/** What stands, in the form of `declaredGroups`. */
export function declaredSettings(settings: RouteSettings): StateFields {
  const result: Record<string, unknown> = {}
  for (const name of ruleNames) result[name] = settings[name]
  for (const name of groupNames) result[name] = shortened(name, settings[name])
  return result as StateFields
}

/** The groups that are declared, with their defaults, so that a change puts back what is left out. */
export function wholeGroups(declared: { readonly [K in keyof RouteSettings]?: unknown }): Partial<RouteSettings> {
  const result: Record<string, unknown> = {}
  for (const name of groupNames) {
    const given = declared[name]
    if (given !== undefined) result[name] = patched<object>(groups[name].defaults, given as object)
  }
  return result as Partial<RouteSettings>
}

function shortened(name: keyof typeof groups, given: object): Readonly<Record<string, unknown>> {
  const { defaults } = groups[name]
  return unlikeDefaults<object>(patched<object>(defaults, given), defaults) as Readonly<Record<string, unknown>>
}
