import { hash } from 'node:crypto'

/** A record as it is stored, without its hash: exactly what the hash covers, in this order. */
export interface ChainedRecord {
  readonly seq: number
  readonly ordinal: number
  readonly id: string
  readonly at: number
  readonly outcome: string
  readonly action: string
  readonly actor_kind: string
  readonly actor_id: string
  readonly actor_name: string
  readonly credential_id: string | null
  readonly session_id: string | null
  readonly app_id: string | null
  readonly grant_id: string | null
  readonly address: string | null
  readonly target_type: string | null
  readonly target_id: string | null
  readonly target_name: string | null
  /** The JSON text as stored, not its meaning: whitespace counts. */
  readonly detail: string | null
  readonly request_id: string
  readonly count: number
}

/** The order of the fields is part of the format; so are their names. */
export const chainedColumns = [
  'seq',
  'ordinal',
  'id',
  'at',
  'outcome',
  'action',
  'actor_kind',
  'actor_id',
  'actor_name',
  'credential_id',
  'session_id',
  'app_id',
  'grant_id',
  'address',
  'target_type',
  'target_id',
  'target_name',
  'detail',
  'request_id',
  'count',
] as const satisfies readonly (keyof ChainedRecord)[]

/**
 * SHA-256 over the text
 *
 *     gatehouse-audit-1\n
 *     previous <hash of the record before, 64 hex digits; zeros before the first>\n
 *     <column> <length in bytes>:<value>\n      one line for each column, in the fixed order
 *     <column> -\n                              for NULL
 *
 * The lengths make it unambiguous whatever the values hold. Numbers are decimal.
 */
export function chainHash(previous: Uint8Array, record: ChainedRecord): Uint8Array {
  let text = `gatehouse-audit-1\nprevious ${Buffer.from(previous).toString('hex')}\n`
  for (const column of chainedColumns) text += `${column} ${field(record[column])}\n`
  return new Uint8Array(hash('sha256', text, 'buffer'))
}

function field(value: string | number | null): string {
  if (value === null) return '-'
  const text = String(value)
  return `${Buffer.byteLength(text)}:${text}`
}
