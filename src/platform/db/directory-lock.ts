import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fail } from '../platform-errors.ts'
import { isBusy } from './failures.ts'
import { located } from './sqlite-file.ts'

/**
 * Makes this the one server that starts or serves on a data directory: two that start at once would migrate one database
 * together, and each would take the other's admin socket for left behind. The lock is SQLite's on an empty file: Node has
 * none of its own, and the system takes this one back however the process ends.
 *
 * @returns what gives it back; idempotent
 * @throws GateError `platform.already-running`; `platform.storage-unavailable`, `platform.storage-full`
 */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, 'server.lock')
  let lock: DatabaseSync | undefined
  try {
    createPrivate(path)
    lock = new DatabaseSync(path, { timeout: 0 })
    // with its journal in memory nothing is written: a full disk locks as well
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    lock?.close()
    if (!isBusy(error)) throw located(error, path)
    const message = `another Gatehouse runs on ${directory}, or is starting there; nothing was started. Stop it first, or set another data directory`
    throw fail('platform.already-running', { message })
  }
  return () => {
    lock?.close()
    lock = undefined
  }
}

/** One that is there is not opened: closing it would give back the lock that this process may hold on it. */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
