import { z } from 'zod'

/**
 * Some of a route's settings that belong together: flat, each with a default. Who makes or changes a route names the
 * members that differ; a new member needs its line here and nothing in store, API or declared state.
 */
export interface SettingsGroup<Shape extends z.ZodRawShape> {
  readonly whole: z.ZodObject<Shape, z.core.$strict>
  /** As bodies carry it: what is left out stays as it is, or as by default. */
  readonly patch: z.ZodObject<{ [K in keyof Shape]: z.ZodOptional<Shape[K]> }, z.core.$strict>
  readonly defaults: z.output<z.ZodObject<Shape>>
}

/** @param shape members without defaults of their own: a patch must not bring any */
export function settingsGroup<Shape extends z.ZodRawShape>(
  shape: Shape,
  defaults: z.output<z.ZodObject<Shape>>,
): SettingsGroup<Shape> {
  const whole = z.strictObject(shape)
  return { whole, patch: whole.partial() as SettingsGroup<Shape>['patch'], defaults }
}

/** `before` with what was given in its place. */
export function patched<Whole extends object>(
  before: Whole,
  given: { readonly [K in keyof Whole]?: Whole[K] | undefined } | undefined,
): Whole {
  const result = { ...before }
  for (const key in given) {
    const value = given[key]
    if (value !== undefined) result[key] = value as Whole[typeof key]
  }
  return result
}

/** The members that are not as by default: how groups are stored and declared, so that a later default reaches old routes. */
export function unlikeDefaults<Whole extends object>(whole: Whole, defaults: Whole): Partial<Whole> {
  const result: Partial<Whole> = {}
  for (const key in whole) {
    if (JSON.stringify(whole[key]) !== JSON.stringify(defaults[key])) result[key] = whole[key]
  }
  return result
}
