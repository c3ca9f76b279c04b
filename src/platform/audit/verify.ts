import type { Db } from '../db/database.ts'
import { type Head, readChain, readHead, readStrays, type StoredRecord } from './audit-store.ts'
import { chainHash } from './chain.ts'

/** What verification found. `head` is worth keeping elsewhere: a later chain must still contain it. */
export type AuditVerdict =
  | { readonly sound: true; readonly checked: number; readonly waiting: number; readonly head: AuditHead }
  | { readonly sound: false; readonly checked: number; readonly broken: BrokenRecord }

export interface AuditHead {
  readonly seq: number
  /** Hex. */
  readonly hash: string
}

/** The first place where the chain does not hold. `checked` records before it are sound. */
export interface BrokenRecord {
  /** The place in the chain. */
  readonly seq: number
  /** The record found there, when there is one. */
  readonly id: string | undefined
  /**
   * `altered`: its columns do not give its hash · `missing`: removed or moved · `truncated`: the end is gone ·
   * `stray`: stands where nothing was sealed · `head`: another head than expected
   */
  readonly problem: 'altered' | 'missing' | 'truncated' | 'stray' | 'head'
  /** A sentence for the auditor, with both hashes where they differ. */
  readonly explanation: string
}

export interface VerifyOptions {
  /** A head noted earlier; the chain must contain it. Catches a chain rewritten as a whole. */
  readonly contains?: AuditHead
  /** Records read at a time. */
  readonly pageSize?: number
}

/** Recomputes the whole chain from its first record, in pages. Reads only; records written meanwhile are not judged. */
export async function verifyAudit(db: Db, options: VerifyOptions = {}): Promise<AuditVerdict> {
  const head = await readHead(db)
  const { contains, pageSize = 500 } = options
  let last: Head = { seq: 0, hash: new Uint8Array(32) }
  for (;;) {
    const page = await readChain(db, last.seq, head.seq, pageSize)
    for (const record of page) {
      const broken = faultOf(last, record, contains)
      if (broken !== undefined) return { sound: false, checked: last.seq, broken }
      last = { seq: last.seq + 1, hash: record.hash ?? last.hash }
    }
    if (page.length < pageSize) break
  }
  return conclude(db, last, head, contains)
}

function faultOf(before: Head, record: StoredRecord, contains: AuditHead | undefined): BrokenRecord | undefined {
  const seq = before.seq + 1
  if (record.seq !== seq) {
    return { seq, id: undefined, problem: 'missing', explanation: `record ${seq} is missing; ${record.seq} follows` }
  }
  const expected = hex(chainHash(before.hash, { ...record, seq }))
  const stored = record.hash === null ? 'none' : hex(record.hash)
  if (expected !== stored) {
    const explanation = `its columns and the record before give ${expected}, stored is ${stored}`
    return { seq, id: record.id, problem: 'altered', explanation }
  }
  if (contains?.seq === seq && contains.hash !== stored) {
    const explanation = `the head noted earlier was ${contains.hash}, now it is ${stored}`
    return { seq, id: record.id, problem: 'head', explanation }
  }
  return undefined
}

async function conclude(db: Db, last: Head, head: Head, contains: AuditHead | undefined): Promise<AuditVerdict> {
  const fail = (broken: BrokenRecord): AuditVerdict => ({ sound: false, checked: last.seq, broken })
  const seq = last.seq + 1
  if (last.seq < head.seq) {
    const explanation = `records ${seq} to ${head.seq} are missing at the end`
    return fail({ seq, id: undefined, problem: 'truncated', explanation })
  }
  if (hex(last.hash) !== hex(head.hash)) {
    const explanation = `the stored head is ${hex(head.hash)}, the last record's hash ${hex(last.hash)}`
    return fail({ seq: last.seq, id: undefined, problem: 'head', explanation })
  }
  if (contains !== undefined && contains.seq > last.seq) {
    const explanation = `a head noted earlier was at ${contains.seq}; the chain ends at ${last.seq}`
    return fail({ seq, id: undefined, problem: 'truncated', explanation })
  }
  const { beyond, unsealed } = await readStrays(db)
  if (beyond !== undefined) {
    const explanation = 'it stands after the head of the chain'
    return fail({ seq: beyond.seq ?? seq, id: beyond.id, problem: 'stray', explanation })
  }
  if (unsealed > 0 && db.dialect === 'sqlite') {
    const explanation = `${unsealed} records stand outside the chain`
    return fail({ seq, id: undefined, problem: 'stray', explanation })
  }
  return { sound: true, checked: last.seq, waiting: unsealed, head: { seq: last.seq, hash: hex(last.hash) } }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
