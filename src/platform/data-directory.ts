import { mkdirSync, type Stats, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { systemReason } from '#kit'
import { fail } from './platform-errors.ts'

/**
 * The data directory, made with mode 0700 when it is not there.
 *
 * @throws GateError `platform.data-directory` when it cannot be made or others of the machine may enter it
 */
export function openDataDirectory(path: string): string {
  const directory = resolve(path)
  const refuse = (message: string, cause?: unknown) =>
    fail('platform.data-directory', { message: `${directory}: ${message}`, cause })
  const found = find(directory, refuse)
  if (!found.isDirectory()) throw refuse('is not a directory')
  if ((found.mode & 0o077) !== 0) {
    throw refuse(
      `others on this machine may read it (mode ${(found.mode & 0o777).toString(8)}): run chmod 700 ${directory}`,
    )
  }
  return directory
}

function find(directory: string, refuse: (message: string, cause: unknown) => Error): Stats {
  try {
    makeDirectory(directory)
    return statSync(directory)
  } catch (cause) {
    throw refuse(
      `the data directory cannot be made: ${systemReason(cause)}; choose another with GATEHOUSE_DATA or "data" in gatehouse.toml`,
      cause,
    )
  }
}

/** Node's own `recursive` never ends where what is made in a directory that is there is "not there", as in /proc. */
function makeDirectory(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false }) !== undefined) return
  makeDirectory(dirname(directory))
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    // another process was first; a link to nowhere is there too, and still leads nowhere
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
