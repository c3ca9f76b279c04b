import { mkdirSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
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
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw refuse(
      'the data directory cannot be made; choose another with GATEHOUSE_DATA or "data" in gatehouse.toml',
      cause,
    )
  }
  const found = statSync(directory)
  if (!found.isDirectory()) throw refuse('is not a directory')
  if ((found.mode & 0o077) !== 0) {
    throw refuse(
      `others on this machine may read it (mode ${(found.mode & 0o777).toString(8)}): run chmod 700 ${directory}`,
    )
  }
  return directory
}
