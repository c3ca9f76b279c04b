import type { Decision } from '#kit'

/** One code's public face. `detail` may hold `{name}` placeholders filled from the error's `fields`. */
export interface ErrorRow {
  readonly status: number
  /** Short, the same for every occurrence. */
  readonly title: string
  /** What happened, what was kept, what to do; safe for the caller to read. */
  readonly detail: string
}

/** Codes are `room.kebab-name`; stable for ever once released. */
export type ErrorTable = Readonly<Record<string, ErrorRow>>

/** Input faults by JSON pointer or field name. */
export interface FieldFault {
  readonly field: string
  readonly message: string
}

/**
 * The world's failures, coded. `message` is for the operator's log and may name paths and causes; the caller sees only
 * the table's title and detail.
 */
export class GateError extends Error {
  override readonly name = 'GateError'
  readonly code: string
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly faults: readonly FieldFault[]
  /** Extra response headers, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>
  /** What was decided, where a decision refused: pages draw it and link to its Why. */
  readonly refusal: RefusedQuestion | undefined
  /** What the journal calls it where that is finer than what the caller is told; else `code`. */
  readonly journalCode: string

  constructor(code: string, row: ErrorRow, options: GateErrorOptions = {}) {
    const detail = fill(row.detail, options.fields ?? {})
    super(options.message ?? detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = row.status
    this.title = row.title
    this.detail = detail
    this.faults = options.faults ?? []
    this.headers = options.headers ?? {}
    this.refusal = options.refusal
    this.journalCode = options.journalCode ?? code
  }
}

export interface GateErrorOptions {
  /** Operator's message; the detail when absent. */
  readonly message?: string
  readonly cause?: unknown
  readonly fields?: Readonly<Record<string, string | number>>
  readonly faults?: readonly FieldFault[]
  readonly headers?: Readonly<Record<string, string>>
  readonly refusal?: RefusedQuestion
  readonly journalCode?: string
}

/** A decision with the permission it was about; absent where anybody signed in would do. */
export interface RefusedQuestion {
  readonly decision: Decision
  readonly permission: string | undefined
}

/** Makes the room's error constructor: `const fail = errorsOf(table)`, then `throw fail('identity.handle-taken')`. */
export function errorsOf<const Table extends ErrorTable>(
  table: Table,
): (code: keyof Table & string, options?: GateErrorOptions) => GateError {
  return (code, options) => {
    const row = table[code]
    if (row === undefined) throw new TypeError(`error code ${code} is not in its table`)
    return new GateError(code, row, options)
  }
}

function fill(text: string, fields: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(fields[name] ?? whole))
}
