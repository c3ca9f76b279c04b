import { createHash } from 'node:crypto'

/**
 * The journal's hash chain, computed from its description and not by the server's code: what verifies must not share a
 * mistake with what is verified, and the server must not choose which columns count.
 */
const columns = [
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
] as const

export interface Link {
  readonly record: Readonly<Record<string, string | number | null>>
  /** SHA-256, hex. */
  readonly hash: string
}

export interface Head {
  readonly seq: number
  readonly hash: string
}

/** Before the first record. */
export const chainStart: Head = { seq: 0, hash: '0'.repeat(64) }

/** The first link that does not follow. */
export interface Break {
  readonly seq: number
  readonly id: string | undefined
  readonly explanation: string
}

/** Follows the chain over some links: the new head, or where it breaks. */
export function followChain(head: Head, links: readonly Link[]): Head | Break {
  let { seq, hash } = head
  for (const link of links) {
    const id = typeof link.record['id'] === 'string' ? link.record['id'] : undefined
    const fault = faultOf(link, seq + 1, hash)
    if (fault !== undefined) return { seq: seq + 1, id, explanation: fault }
    seq += 1
    hash = link.hash
  }
  return { seq, hash }
}

function faultOf({ record, hash }: Link, seq: number, previous: string): string | undefined {
  const surplus = Object.keys(record).filter((column) => !columns.some((known) => known === column))
  if (surplus.length > 0) return `it has a column that the chain does not cover: ${surplus.join(', ')}`
  const missing = columns.filter((column) => record[column] === undefined)
  if (missing.length > 0) return `it lacks ${missing.join(', ')}`
  if (record['seq'] !== seq) return `it has the number ${record['seq']}: records are missing or in another order`
  return hashOf(record, previous) === hash ? undefined : 'its contents, or a record before it, were changed'
}

/** `gatehouse-audit-1`: every column with its length in bytes, chained to the hash before. */
export function hashOf(record: Link['record'], previous: string): string {
  const lines = columns.map((column) => {
    const value = record[column]
    if (value === null || value === undefined) return `${column} -\n`
    return `${column} ${Buffer.byteLength(String(value))}:${value}\n`
  })
  return createHash('sha256')
    .update(`gatehouse-audit-1\nprevious ${previous}\n${lines.join('')}`)
    .digest('hex')
}
