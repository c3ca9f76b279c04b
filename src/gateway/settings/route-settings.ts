import type { z } from 'zod'
import { balanceSettings } from './balance-settings.ts'
import { patched, type SettingsGroup, unlikeDefaults } from './group.ts'
import { limitSettings } from './limit-settings.ts'
import { requestSettings } from './request-settings.ts'
import { responseSettings } from './response-settings.ts'
import { ruleSettings } from './rule-settings.ts'

export const groups = {
  request: requestSettings,
  response: responseSettings,
  limits: limitSettings,
  balance: balanceSettings,
} as const

type Groups = typeof groups
type GroupName = keyof Groups

type Whole<Group> = Group extends SettingsGroup<infer Shape> ? z.output<z.ZodObject<Shape>> : never

/** A route's settings: those of its rule as members of its own, the others in groups. */
export type RouteSettings = Whole<typeof ruleSettings> & { readonly [Name in GroupName]: Whole<Groups[Name]> }

/** What is given of them; the rest stays. */
export type GivenSettings = { readonly [K in keyof RouteSettings]?: unknown }

/** As members of a route's body. */
export const settingsPatch = {
  ...ruleSettings.patch.shape,
  request: groups.request.patch.optional(),
  response: groups.response.patch.optional(),
  limits: groups.limits.patch.optional(),
  balance: groups.balance.patch.optional(),
}

/** As members of a route's view. */
export const settingsWhole = {
  ...ruleSettings.whole.shape,
  request: groups.request.whole,
  response: groups.response.whole,
  limits: groups.limits.whole,
  balance: groups.balance.whole,
}

const names = Object.keys(groups) as GroupName[]
/** Names of the rule's members. */
export const ruleNames: readonly (keyof Whole<typeof ruleSettings>)[] = Object.keys(
  ruleSettings.defaults,
) as (keyof Whole<typeof ruleSettings>)[]

export const settingsDefaults: RouteSettings = {
  ...ruleSettings.defaults,
  request: groups.request.defaults,
  response: groups.response.defaults,
  limits: groups.limits.defaults,
  balance: groups.balance.defaults,
}

/** Settings with what was given, by a body that passed `settingsPatch`, in place of what stood. */
export function withSettings(before: RouteSettings, given: GivenSettings): RouteSettings {
  const result: Record<string, unknown> = patched(pick(before, ruleNames), pick(given, ruleNames))
  for (const name of names) result[name] = patched(before[name], given[name] as object | undefined)
  return result as RouteSettings
}

/** A route's settings out of a larger object. */
export function settingsOf(from: RouteSettings): RouteSettings {
  return pick(from, [...ruleNames, ...names]) as RouteSettings
}

/** Only what is not as by default, empty groups left out. */
export function unusual(settings: RouteSettings): Readonly<Record<string, unknown>> {
  const result: Record<string, unknown> = unlikeDefaults(pick(settings, ruleNames), pick(settingsDefaults, ruleNames))
  for (const name of names) {
    const members = unlikeDefaults<object>(settings[name], settingsDefaults[name])
    if (Object.keys(members).length > 0) result[name] = members
  }
  return result
}

/** Names of the groups. */
export const groupNames: readonly GroupName[] = names

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const key of keys) if (key in from) result[key as string] = from[key]
  return result
}
