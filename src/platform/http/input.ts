import { z } from 'zod'
import type { FieldFault } from '../errors.ts'
import { type Form, formOf } from './body.ts'
import { inWords } from './input-words.ts'
import type { Input, Route } from './route.ts'

// for every schema of this process: rooms try what they accept with those of the API too
z.config({ customError: inWords })

/** What is said of a field that no schema names: its name is the sender's. */
export const unknownField = 'unknown field'

type Read =
  | { readonly input: Omit<Input<unknown, unknown, unknown>, 'request'> }
  | { readonly faults: readonly FieldFault[] }

/** Validates everything a route declares and collects every fault. What a route does not declare it does not get. */
export function readInput(
  route: Route,
  params: Readonly<Record<string, string>>,
  search: URLSearchParams,
  body: unknown,
): Read {
  const faults: FieldFault[] = []
  const input = {
    params: check(route.params, params, faults),
    query: check(route.query, formOf(search), faults),
    body: check(route.body, body, faults),
  }
  return faults.length > 0 ? { faults } : { input }
}

/** The raw form for showing it again; an empty one for anything else. */
export function readForm(raw: unknown): Form {
  return typeof raw === 'object' && raw !== null ? (raw as Form) : {}
}

function check(schema: z.ZodType | undefined, value: unknown, faults: FieldFault[]): unknown {
  if (schema === undefined) return undefined
  const result = schema.safeParse(value)
  if (result.success) return result.data
  for (const issue of result.error.issues.slice(0, 50)) {
    const path = issue.path.map(String)
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys.slice(0, 10)) faults.push({ field: [...path, key].join('.'), message: unknownField })
    } else faults.push({ field: path.join('.'), message: issue.message })
  }
  return undefined
}
