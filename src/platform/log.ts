import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import { redact, redactText } from './redact.ts'
import { StandardError } from './standard-error.ts'

/** Structured logging: one JSON line per event. Fields named like secrets are redacted whatever their depth. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): Log
  /**
   * An info line of members the caller knows to hold no secret and wrote as JSON already, `"status":200,"path":"/"` with
   * `jsonText` for what is text: nothing is looked through. For what is written once a request, where looking would cost
   * more than the request. None of them is `level`, `time` or `message`.
   */
  plain(members: string, message: string): void
}

/** The log as whoever made it holds it. */
export interface RunningLog extends Log {
  /** From the next line on, of its children too. */
  setLevel(level: LogLevel): void
}

/** An `Error` under any name is written with its code, stack and causes. */
export type LogFields = Readonly<Record<string, unknown>>

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogOptions {
  readonly level: LogLevel
  /** What every line has besides. */
  readonly fields?: LogFields
  /** Receives whole lines, each ending in a newline; standard error when absent. */
  readonly stream?: { write(line: string): void }
}

/** What every line has; a field of that name is written as `field.time` and so on, so that none can be forged. */
const reserved = new Set(['level', 'time', 'message'])

/**
 * JSON lines with `level`, `time` (RFC 3339), `message` and the fields. Writing to standard error does not block;
 * lines are at most a tenth of a second behind, and what is still queued is written when the process exits, also after an
 * uncaught error. When nobody reads, lines beyond 16 MiB are dropped, and a line says how many as soon as somebody does; so it is
 * with a file whose disk is full. Logging never throws.
 */
export function createLog(options: LogOptions): RunningLog {
  const stream: DestinationStream = options.stream ?? new StandardError()
  const fields = options.fields ?? {}
  const threshold = { level: options.level }
  const settings = {
    // lines below the threshold end here, before pino: its children keep the level they were made with
    level: 'debug',
    base: fields,
    messageKey: 'message',
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const setLevel = (level: LogLevel): void => {
    threshold.level = level
  }
  return { ...wrap(pino(settings, stream), stream, fields, threshold), setLevel }
}

// what stands in JSON as it is
const readyText = /^[ !#-[\]-~]*$/

/** A text as JSON. */
export function jsonText(text: string): string {
  return readyText.test(text) ? `"${text}"` : JSON.stringify(text)
}

let textTime = ''
let textTimeOf = Number.NaN

/** Now, RFC 3339: written once a millisecond, for it costs more than the rest of a plain line. */
function timeNow(): string {
  const now = Date.now()
  if (now !== textTimeOf) {
    textTimeOf = now
    textTime = new Date(now).toISOString()
  }
  return textTime
}

const severity: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

function wrap(
  logger: Logger,
  stream: DestinationStream,
  bindings: Record<string, unknown>,
  threshold: { readonly level: LogLevel },
): Log {
  const isWritten = (level: LogLevel): boolean => severity[level] >= severity[threshold.level]
  const write = (level: LogLevel, fields: LogFields, message: string): void => {
    if (isWritten(level)) logger[level](clean(fields), redactText(message))
  }
  const boundText = JSON.stringify(bindings).slice(1, -1)
  const bound = boundText === '' ? '' : `,${boundText}`
  return {
    debug: (fields, message) => write('debug', fields, message),
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
    child: (fields) => {
      const cleaned = clean(fields)
      return wrap(logger.child(cleaned), stream, { ...bindings, ...cleaned }, threshold)
    },
    plain: (members, message) => {
      if (!isWritten('info')) return
      stream.write(`{"level":"info","time":"${timeNow()}"${bound},${members},"message":${jsonText(message)}}\n`)
    },
  }
}

function clean(fields: LogFields): Record<string, unknown> {
  const entries = Object.entries(redact(fields) as Record<string, unknown>)
  return Object.fromEntries(entries.map(([name, value]) => [reserved.has(name) ? `field.${name}` : name, value]))
}
