import { consistencyHeader, type RequestView } from '#platform'
import { fail } from '../errors.ts'

export { consistencyHeader }

/** What an answer rests on, for a caller to hand to whoever asks next. */
export function consistencyOf(epoch: number): string {
  return String(epoch)
}

/**
 * Whether the caller has seen a change that this node's memory may not have: then the question is answered from the
 * database itself, which holds it.
 *
 * @throws GateError `access.bad-consistency`
 */
export function isBehind(epoch: number, { headers }: RequestView): boolean {
  const token = headers.get(consistencyHeader)
  if (token === null) return false
  if (!/^-?\d{1,16}(?:\.\d{1,20})?$/.test(token)) throw fail('access.bad-consistency')
  // an epoch that is no whole number is one of a node that has lost touch, and equal to no other
  return !(Number.isSafeInteger(epoch) && Number(token) <= epoch)
}
