import type { z } from 'zod'

type Issue = Parameters<z.core.$ZodErrorMap>[0]

const measured: Readonly<Record<string, string>> = {
  string: ' characters',
  number: '',
  int: '',
  bigint: '',
  array: '',
  set: '',
}

/**
 * What is wrong with a field, for those who read it beside the field or in a terminal: the library's own words tell of
 * strings and arrays. `undefined` leaves them in place, where no person can come to them.
 */
export function inWords(issue: Issue): string | undefined {
  if (issue.code === 'too_small') return bound('at least', issue.origin, issue.minimum, issue.inclusive)
  if (issue.code === 'too_big') return bound('at most', issue.origin, issue.maximum, issue.inclusive)
  if (issue.code === 'invalid_value') return `one of: ${issue.values.map(String).join(', ')}`
  if (issue.code !== 'invalid_type') return undefined
  if (issue.input === undefined) return 'is missing'
  if (Array.isArray(issue.input)) return 'one value, not several'
  if (issue.expected === 'int') return 'a whole number'
  return issue.expected === 'number' && Number.isNaN(issue.input) ? 'a number' : undefined
}

function bound(least: 'at least' | 'at most', origin: string, value: number | bigint, inclusive = true) {
  const unit = measured[origin]
  if (unit === undefined || !inclusive) return undefined
  if (least === 'at least' && value === 1 && origin === 'string') return 'is empty'
  if (value === 1 && (origin === 'array' || origin === 'set')) return `${least} one`
  return `${least} ${value}${unit}`
}
