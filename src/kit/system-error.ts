import { getSystemErrorMap } from 'node:util'

/** `no space left on device (ENOSPC)`, for a sentence about a file; what is no error of the system, as it says itself. */
export function systemReason(cause: unknown): string {
  const system = cause instanceof Error && 'errno' in cause && typeof cause.errno === 'number' ? cause.errno : undefined
  const known = system === undefined ? undefined : getSystemErrorMap().get(system)
  return known === undefined ? String(cause) : `${known[1]} (${known[0]})`
}
