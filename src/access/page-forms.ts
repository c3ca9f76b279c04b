import { z } from 'zod'
import { type FieldFault, GateError } from '#platform'

/** What a form had that cannot be taken. */
class FormFaults extends Error {
  readonly faults: readonly FieldFault[]

  constructor(faults: readonly FieldFault[]) {
    super('the form has faults')
    this.faults = faults
  }
}

/** The API's own schema over a form's fields, so that both say the same. Its faults are told by `faultsOf`. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new FormFaults(parsed.error.issues.map(({ path, message }) => ({ field: String(path[0] ?? ''), message })))
}

/**
 * What stands in a form's way, by field; `undefined` for every other failure.
 *
 * @param fields which field a refusal is about, by its code
 */
export function faultsOf(error: unknown, fields: Readonly<Record<string, string>>): readonly FieldFault[] | undefined {
  if (error instanceof FormFaults) return error.faults
  if (!(error instanceof GateError) || !Object.hasOwn(fields, error.code)) return undefined
  return [{ field: fields[error.code] ?? '', message: error.detail }]
}

/** A field of a form that asks with GET: what was left empty is sent too, and means nothing. */
export const optionalText = (most: number) =>
  z
    .string()
    .trim()
    .max(most)
    .optional()
    .transform((text) => (text === '' ? undefined : text))

/** One entry a line, empty lines left out. */
export function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
