import type { Log, LogFields } from '../log.ts'

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: LogFields
}

/** A log kept in memory, for asserting what was and what was not written. */
export interface MemoryLog extends Log {
  readonly entries: readonly LogEntry[]
  /** Resolves with the first entry, past or to come, whose message matches. */
  next(pattern: RegExp): Promise<LogEntry>
}

export function memoryLog(): MemoryLog {
  const entries: LogEntry[] = []
  const waiting: { readonly pattern: RegExp; readonly resolve: (entry: LogEntry) => void }[] = []
  const logWith = (bound: LogFields): Log => {
    const write = (level: LogEntry['level']) => (fields: LogFields, message: string) => {
      const entry = { level, message, fields: { ...bound, ...fields } }
      entries.push(entry)
      for (const { pattern, resolve } of waiting) if (pattern.test(message)) resolve(entry)
    }
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => logWith({ ...bound, ...fields }),
      plain: (members, message) => write('info')(JSON.parse(`{${members}}`) as LogFields, message),
    }
  }
  const next = (pattern: RegExp) => {
    const past = entries.find(({ message }) => pattern.test(message))
    return past === undefined
      ? new Promise<LogEntry>((resolve) => waiting.push({ pattern, resolve }))
      : Promise.resolve(past)
  }
  return { ...logWith({}), entries, next }
}
