import type { Selectable } from 'kysely'
import type { Db } from '../db/database.ts'
import { tables } from '../db/handle.ts'
import { type ChainedRecord, chainedColumns, chainHash } from './chain.ts'

/** A record before it has its place in the chain. */
export type NewRecord = Omit<ChainedRecord, 'seq' | 'ordinal'>

interface AuditRow extends Omit<ChainedRecord, 'seq'> {
  readonly seq: number | null
  readonly hash: Uint8Array | null
}

export interface Head {
  readonly seq: number
  readonly hash: Uint8Array
}

export interface AuditTables {
  platform_audit_records: AuditRow
  platform_audit_head: { id: number; seq: number; hash: Uint8Array }
}

export type StoredRecord = Selectable<AuditRow>

/**
 * Writes records in this transaction. On SQLite there is one writer, so they join the chain at once; on PostgreSQL
 * that would make every transaction wait for the head, so `sealRecords` links them afterwards.
 */
export async function insertRecords(db: Db, records: readonly NewRecord[]): Promise<void> {
  if (records.length === 0) return
  if (db.dialect === 'sqlite') await insertSealed(db, records)
  else {
    // the ordinal is the database's to give
    const rows = records as readonly Omit<AuditRow, 'ordinal' | 'seq' | 'hash'>[]
    await tables<{ platform_audit_records: Omit<AuditRow, 'ordinal' | 'seq' | 'hash'> }>(db)
      .insertInto('platform_audit_records')
      .values(rows)
      .execute()
  }
}

async function insertSealed(db: Db, records: readonly NewRecord[]): Promise<void> {
  const queries = tables(db)
  const { rows } = await queries.raw<Head>('select seq, hash from platform_audit_head', [])
  let [head] = rows
  if (head === undefined) throw new TypeError('the journal has no head')
  for (let start = 0; start < records.length; start += recordsAtOnce) {
    const values: unknown[] = []
    const part = records.slice(start, start + recordsAtOnce)
    for (const record of part) {
      const seq: number = head.seq + 1
      const sealed = { ...record, seq, ordinal: seq }
      const hash = chainHash(head.hash, sealed)
      for (const column of chainedColumns) values.push(sealed[column])
      values.push(hash)
      head = { seq, hash }
    }
    await queries.raw(insertSql(part.length), values)
  }
  await queries.raw('update platform_audit_head set seq = ?, hash = ? where id = 1', [head.seq, head.hash])
}

/** Rows in one statement: far below SQLite's limit of parameters, and few texts to keep prepared. */
const recordsAtOnce = 25

// Written out, because nearly every change of every room comes through here: Kysely takes longer to put together an
// insert of 21 columns than SQLite to execute it.
const insertSqls = new Map<number, string>()

function insertSql(rows: number): string {
  const known = insertSqls.get(rows)
  if (known !== undefined) return known
  const row = `(${chainedColumns.map(() => '?').join(', ')}, ?)`
  const text = `insert into platform_audit_records (${chainedColumns.join(', ')}, hash)
  values ${Array.from({ length: rows }, () => row).join(', ')}`
  insertSqls.set(rows, text)
  return text
}

/**
 * Links up to `limit` waiting records into the chain, in the order they were written. Only one node does so at a time:
 * it holds the head's row; the others find it locked and leave.
 *
 * @returns how many were linked
 */
export async function sealRecords(db: Db, limit: number): Promise<number> {
  const queries = tables<AuditTables>(db)
  const locked = await queries.selectFrom('platform_audit_head').selectAll().forUpdate().skipLocked().executeTakeFirst()
  if (locked === undefined) return 0
  const waiting = await queries
    .selectFrom('platform_audit_records')
    .selectAll()
    .where('seq', 'is', null)
    .orderBy('ordinal')
    .limit(limit)
    .execute()
  let head: Head = locked
  for (const record of waiting) {
    const seq = head.seq + 1
    const hash = chainHash(head.hash, { ...record, seq })
    await queries
      .updateTable('platform_audit_records')
      .set({ seq, hash })
      .where('ordinal', '=', record.ordinal)
      .execute()
    head = { seq, hash }
  }
  if (waiting.length > 0) await writeHead(db, head)
  return waiting.length
}

/** Whether records wait to be linked. */
export async function hasUnsealed(db: Db): Promise<boolean> {
  const queries = tables<AuditTables>(db)
  const waiting = queries.selectFrom('platform_audit_records').select('ordinal').where('seq', 'is', null).limit(1)
  return (await waiting.executeTakeFirst()) !== undefined
}

export async function readHead(db: Db): Promise<Head> {
  return tables<AuditTables>(db).selectFrom('platform_audit_head').select(['seq', 'hash']).executeTakeFirstOrThrow()
}

async function writeHead(db: Db, { seq, hash }: Head): Promise<void> {
  await tables<AuditTables>(db).updateTable('platform_audit_head').set({ seq, hash }).where('id', '=', 1).execute()
}

/** The next records of the chain after `seq`, up to and including `last`. */
export async function readChain(db: Db, seq: number, last: number, limit: number): Promise<readonly StoredRecord[]> {
  return tables<AuditTables>(db)
    .selectFrom('platform_audit_records')
    .selectAll()
    .where('seq', '>', seq)
    .where('seq', '<=', last)
    .orderBy('seq')
    .limit(limit)
    .execute()
}

/** What lies outside the chain: the first record after the head, and how many never joined. */
export async function readStrays(
  db: Db,
): Promise<{ readonly beyond: StoredRecord | undefined; readonly unsealed: number }> {
  const queries = tables<AuditTables>(db)
  const beyond = await queries
    .selectFrom('platform_audit_records')
    .selectAll()
    .where('seq', '>', (from) => from.selectFrom('platform_audit_head').select('seq'))
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst()
  const { unsealed } = await queries
    .selectFrom('platform_audit_records')
    .select((of) => of.fn.countAll<number>().as('unsealed'))
    .where('seq', 'is', null)
    .executeTakeFirstOrThrow()
  return { beyond, unsealed }
}

/** What a list of records is narrowed by. Absent fields do not narrow. */
export interface AuditFilter {
  readonly actorId?: string
  /** Who acted, by id or by the name written then: what a person types. */
  readonly actor?: string
  /** `accounts.` finds `accounts.create` and the rest; `routes:use` finds refusals of it. */
  readonly actionPrefix?: string
  readonly targetType?: string
  readonly targetId?: string
  /** Any of these; with `targetType`, so that an index serves it. */
  readonly targetIds?: readonly string[]
  readonly outcome?: 'done' | 'refused'
  /** Milliseconds since the epoch, inclusive. */
  readonly from?: number
  /** Milliseconds since the epoch, exclusive. */
  readonly to?: number
}

/** The newest records that match, before `before` (an ordinal) when given. */
export async function selectRecords(
  db: Db,
  filter: AuditFilter,
  limit: number,
  before: number | undefined,
): Promise<readonly StoredRecord[]> {
  return matching(db, filter)
    .$if(before !== undefined, (query) => query.where('ordinal', '<', before ?? 0))
    .orderBy('ordinal', 'desc')
    .limit(limit)
    .execute()
}

/** The next records of the chain that match, behind `after` and up to `upTo` (both `seq`). */
export async function selectSealed(
  db: Db,
  filter: AuditFilter,
  { after, upTo, limit }: { readonly after: number; readonly upTo: number; readonly limit: number },
): Promise<readonly (StoredRecord & { readonly seq: number })[]> {
  const rows = await matching(db, filter)
    .where('seq', '>', after)
    .where('seq', '<=', upTo)
    .orderBy('seq')
    .limit(limit)
    .execute()
  return rows.flatMap((row) => (row.seq === null ? [] : [{ ...row, seq: row.seq }]))
}

function matching(db: Db, filter: AuditFilter) {
  const { actorId, actor, actionPrefix, targetType, targetId, targetIds, outcome, from, to } = filter
  return tables<AuditTables>(db)
    .selectFrom('platform_audit_records')
    .selectAll()
    .$if(actorId !== undefined, (query) => query.where('actor_id', '=', actorId ?? ''))
    .$if(actor !== undefined, (query) =>
      query.where((where) => where.or([where('actor_id', '=', actor ?? ''), where('actor_name', '=', actor ?? '')])),
    )
    .$if(actionPrefix !== undefined && actionPrefix !== '', (query) =>
      query.where('action', '>=', actionPrefix ?? '').where('action', '<', afterPrefix(actionPrefix ?? '')),
    )
    .$if(targetType !== undefined, (query) => query.where('target_type', '=', targetType ?? ''))
    .$if(targetId !== undefined, (query) => query.where('target_id', '=', targetId ?? ''))
    .$if(targetIds !== undefined, (query) => query.where('target_id', 'in', targetIds ?? []))
    .$if(outcome !== undefined, (query) => query.where('outcome', '=', outcome ?? ''))
    .$if(from !== undefined, (query) => query.where('at', '>=', from ?? 0))
    .$if(to !== undefined, (query) => query.where('at', '<', to ?? 0))
}

/** The end of the range of texts that begin with `prefix`: both engines compare by code point. */
function afterPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`
}

/** One record by its id, with the hash of the record before it in the chain. */
export async function selectRecord(
  db: Db,
  id: string,
): Promise<{ readonly record: StoredRecord; readonly previous: Uint8Array | undefined } | undefined> {
  const records = tables<AuditTables>(db).selectFrom('platform_audit_records')
  const record = await records.selectAll().where('id', '=', id).executeTakeFirst()
  if (record === undefined) return undefined
  const before =
    record.seq === null
      ? undefined
      : await records
          .select('hash')
          .where('seq', '=', record.seq - 1)
          .executeTakeFirst()
  return { record, previous: before?.hash ?? undefined }
}
