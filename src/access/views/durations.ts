import { parseDuration } from '#kit'
import type { Choice } from '#platform/ui'

/** For how long a page offers to lend something. */
export const durations = [
  { value: '15m', text: '15 minutes' },
  { value: '1h', text: 'one hour' },
  { value: '8h', text: '8 hours' },
  { value: '1d', text: 'one day' },
  { value: '7d', text: 'one week' },
] as const satisfies readonly Choice[]

export type Duration = (typeof durations)[number]['value']

/** A choice in milliseconds. */
export function lastingOf(value: Duration): number {
  const found = parseDuration(value)
  if (found === undefined) throw new TypeError(`${value} is no duration`)
  return found
}
