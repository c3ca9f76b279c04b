import { GateError } from '../errors.ts'
import { fail } from '../platform-errors.ts'

/** https://www.sqlite.org/rescode.html: primary codes are the low eight bits. */
const sqlite = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
  sharedMemorySize: 4874,
  primaryKey: 1555,
  unique: 2067,
} as const

/** Failures of a socket: the database is away or went away. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
])

/** `pg` reports these without a code. */
const lostConnection =
  /connection terminated|client has encountered a connection error|timeout exceeded when trying to connect|query read timeout|client was closed/i

/** Turns an engine's failure of storage into its coded error; anything else comes back as it is. */
export function storageFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof GateError) return error
  const number = sqliteCode(error)
  return number === undefined ? postgresFailure(error) : sqliteFailure(error, number)
}

/** Whether a change was refused because a unique key exists already. Ask it of what `tx` rejected with. */
export function isUniqueViolation(error: unknown): boolean {
  const number = sqliteCode(error)
  return number === sqlite.unique || number === sqlite.primaryKey || textCode(error) === '23505'
}

/** Whether a change was refused because a row it refers to is missing, or rows still refer to it. */
export function isReferenceViolation(error: unknown): boolean {
  return sqliteCode(error) === 787 || textCode(error) === '23503'
}

/** PostgreSQL asks for the whole transaction to be run again: serialization failure or deadlock. */
export function isRetryable(error: unknown): boolean {
  const code = textCode(error)
  return code === '40001' || code === '40P01'
}

/** Whether a statement tried to change data through a connection that only reads. */
export function isReadOnlyViolation(error: unknown): boolean {
  const number = sqliteCode(error)
  return (number !== undefined && (number & 0xff) === sqlite.readOnly) || textCode(error) === '25006'
}

/** Whether SQLite could not get a lock within its time-out. */
export function isBusy(error: unknown): boolean {
  const number = sqliteCode(error)
  return number !== undefined && ((number & 0xff) === sqlite.busy || (number & 0xff) === sqlite.locked)
}

function sqliteFailure(error: Error, number: number): Error {
  const options = { message: `SQLite: ${error.message} (${number})`, cause: error }
  if (number === sqlite.sharedMemorySize) return fail('platform.storage-full', options)
  switch (number & 0xff) {
    case sqlite.full:
      return fail('platform.storage-full', options)
    case sqlite.busy:
    case sqlite.locked:
    case sqlite.noMemory:
    case sqlite.readOnly:
    case sqlite.inputOutput:
    case sqlite.cannotOpen:
      return fail('platform.storage-unavailable', options)
    case sqlite.corrupt:
    case sqlite.notADatabase:
      return fail('platform.database-corrupt', options)
    default:
      return error
  }
}

function postgresFailure(error: Error): Error {
  const code = textCode(error) ?? ''
  const options = { message: `PostgreSQL: ${error.message || code}`, cause: error }
  if (code === '53100') return fail('platform.storage-full', options)
  if (isRetryable(error)) return fail('platform.storage-busy', { ...options, headers: { 'Retry-After': '1' } })
  if (code === 'XX001' || code === 'XX002') return fail('platform.database-corrupt', options)
  // 08 connection, 53 resources, 57P shutting down or starting, 58 system, 28 and 3D: refused at the door
  const away = /^(08...|53...|57P0[1-5]|57014|58...|28...|3D...)$/.test(code) || networkCodes.has(code)
  return away || (code === '' && lostConnection.test(error.message))
    ? fail('platform.storage-unavailable', options)
    : error
}

function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined
}

function textCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
