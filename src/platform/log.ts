import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino'
import { redact, redactText } from './redact.ts'

/** Structured logging: one JSON line per event. Fields named like secrets are redacted whatever their depth. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): Log
}

/** An `Error` under any name is written with its code, stack and causes. */
export type LogFields = Readonly<Record<string, unknown>>

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogOptions {
  readonly level: LogLevel
  /** Receives whole lines, each ending in a newline; standard error when absent. */
  readonly stream?: { write(line: string): void }
}

/** What every line has; a field of that name is written as `field.time` and so on, so that none can be forged. */
const reserved = new Set(['level', 'time', 'message'])

/**
 * JSON lines with `level`, `time` (RFC 3339), `message` and the fields. Writing to standard error does not block;
 * what is still queued is written when the process exits, also after an uncaught error. Logging never throws.
 */
export function createLog(options: LogOptions): Log {
  const stream: DestinationStream = options.stream ?? destination({ dest: 2, sync: false })
  const settings = {
    level: options.level,
    base: null,
    messageKey: 'message',
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return wrap(pino(settings, stream))
}

function wrap(logger: Logger): Log {
  const write = (level: LogLevel, fields: LogFields, message: string): void => {
    if (logger.isLevelEnabled(level)) logger[level](clean(fields), redactText(message))
  }
  return {
    debug: (fields, message) => write('debug', fields, message),
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
    child: (fields) => wrap(logger.child(clean(fields))),
  }
}

function clean(fields: LogFields): Record<string, unknown> {
  const entries = Object.entries(redact(fields) as Record<string, unknown>)
  return Object.fromEntries(entries.map(([name, value]) => [reserved.has(name) ? `field.${name}` : name, value]))
}
