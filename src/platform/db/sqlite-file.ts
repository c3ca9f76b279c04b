import { chmodSync, closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fail } from '../platform-errors.ts'
import { storageFailure } from './failures.ts'

/** Up to this size the whole file is checked at opening: about 50 ms. */
const fullCheckBytes = 16 * 1024 * 1024
/** SQLite waits this long for another process's lock, blocking us; beyond it the writer tries again without blocking. */
const busyTimeoutMs = 50

// what a savepoint would take back is kept in memory: beyond 64 KiB it would go to a file of its own, made and removed
// with each larger transaction and never needed after a crash
const settings = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA trusted_schema = OFF;
  PRAGMA temp_store = MEMORY;
  PRAGMA journal_size_limit = 67108864;
`

/** The two connections to one database file. */
export interface SqliteFile {
  readonly writer: DatabaseSync
  /** Cannot change anything: opened read-only. */
  readonly reader: DatabaseSync
}

/**
 * Opens (or creates, mode 0600) a database file.
 *
 * @throws GateError `platform.database-corrupt` when the file is no sound SQLite database
 * @throws GateError `platform.storage-unavailable`, `platform.storage-full`
 */
export function openFile(path: string): SqliteFile {
  let writer: DatabaseSync | undefined
  try {
    refuseForeignFile(path)
    writer = new DatabaseSync(path, { timeout: busyTimeoutMs, defensive: true })
    writer.exec(settings)
    refuseDamage(path, writer)
    const reader = new DatabaseSync(path, { timeout: busyTimeoutMs, readOnly: true })
    return { writer, reader }
  } catch (error) {
    writer?.close()
    throw located(error, path)
  }
}

/** Creates an empty file for us alone, or tightens the mode of an existing one. SQLite gives its journals the same. */
function refuseForeignFile(path: string): void {
  const file = openSync(path, 'a+', 0o600)
  try {
    const { mode, size } = fstatSync(file)
    if ((mode & 0o077) !== 0) chmodSync(path, 0o600)
    const magic = Buffer.alloc(16)
    if (size > 0 && (readSync(file, magic, 0, 16, 0) < 16 || magic.toString('latin1') !== 'SQLite format 3\0')) {
      throw fail('platform.database-corrupt', { message: 'it does not begin like an SQLite database' })
    }
  } finally {
    closeSync(file)
  }
}

/** A small file is checked whole, a large one only for its length, so that start stays fast. */
function refuseDamage(path: string, writer: DatabaseSync): void {
  const pages = Number(writer.prepare('PRAGMA page_count').get()?.['page_count'] ?? 0)
  const pageSize = Number(writer.prepare('PRAGMA page_size').get()?.['page_size'] ?? 0)
  const missing = pages * pageSize - statSync(path).size - journalBytes(path)
  if (missing > 0) throw fail('platform.database-corrupt', { message: `${missing} bytes are missing at its end` })
  if (pages * pageSize > fullCheckBytes) return
  const [first] = writer.prepare('PRAGMA quick_check(1)').all()
  const verdict = first?.['quick_check']
  if (verdict !== 'ok') throw fail('platform.database-corrupt', { message: String(verdict) })
}

function journalBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
}

/** A failure of storage that names the file; anything else as it is. */
export function located(error: unknown, path: string): unknown {
  const failure = storageFailure(error)
  if (failure instanceof Error && 'code' in failure && typeof failure.code === 'string') {
    if (failure.code.startsWith('platform.')) {
      failure.message = `${path}: ${failure.message}`
      return failure
    }
    // the file system's own refusals: no directory, no permission, a directory in its place, no space
    const code = failure.code === 'ENOSPC' || failure.code === 'EDQUOT' ? 'storage-full' : 'storage-unavailable'
    return fail(`platform.${code}`, { message: `${path}: ${failure.message}`, cause: failure })
  }
  return failure
}
