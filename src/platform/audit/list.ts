import type { PrincipalKind } from '#kit'
import type { Db } from '../db/database.ts'
import type { JournalValue } from './audit.ts'
import { type AuditFilter, type StoredRecord, selectRecord, selectRecords } from './audit-store.ts'

/** One record as pages and the API show it. */
export interface AuditRecord {
  /** Where the list goes on: pass it as `before`. */
  readonly position: number
  /** Place in the chain; `undefined` for the moment it waits to be sealed (PostgreSQL). */
  readonly seq: number | undefined
  readonly id: string
  readonly at: number
  readonly outcome: 'done' | 'refused'
  readonly action: string
  readonly actor: { readonly kind: PrincipalKind; readonly id: string; readonly name: string }
  readonly credentialId: string | undefined
  readonly sessionId: string | undefined
  readonly appId: string | undefined
  readonly grantId: string | undefined
  readonly address: string | undefined
  readonly target: { readonly type: string; readonly id: string; readonly name: string | undefined } | undefined
  readonly detail: Readonly<Record<string, JournalValue>> | undefined
  readonly requestId: string
  /** How often it happened; more than one only for refusals. */
  readonly count: number
}

/**
 * Records, newest first.
 *
 * @param page `limit` at most that many; `before` the `position` of the last record already seen
 */
export async function listAudit(
  db: Db,
  filter: AuditFilter,
  page: { readonly limit: number; readonly before?: number },
): Promise<readonly AuditRecord[]> {
  const rows = await selectRecords(db, filter, page.limit, page.before)
  return rows.map(recordOf)
}

/** A record with its link in the chain: its own hash and that of the record before it, in hex. */
export interface ChainedAuditRecord extends AuditRecord {
  readonly hash: string | undefined
  readonly previousHash: string | undefined
}

/** One record by id, as it is stored. Whether the chain holds is `verifyAudit`'s to say. */
export async function findAudit(db: Db, id: string): Promise<ChainedAuditRecord | undefined> {
  const found = await selectRecord(db, id)
  if (found === undefined) return undefined
  return { ...recordOf(found.record), hash: hex(found.record.hash), previousHash: hex(found.previous) }
}

function hex(bytes: Uint8Array | null | undefined): string | undefined {
  return bytes === null || bytes === undefined ? undefined : Buffer.from(bytes).toString('hex')
}

export function recordOf(row: StoredRecord): AuditRecord {
  return {
    position: row.ordinal,
    seq: row.seq ?? undefined,
    id: row.id,
    at: row.at,
    outcome: row.outcome === 'refused' ? 'refused' : 'done',
    action: row.action,
    actor: { kind: row.actor_kind as PrincipalKind, id: row.actor_id, name: row.actor_name },
    credentialId: row.credential_id ?? undefined,
    sessionId: row.session_id ?? undefined,
    appId: row.app_id ?? undefined,
    grantId: row.grant_id ?? undefined,
    address: row.address ?? undefined,
    target: targetOf(row),
    detail: row.detail === null ? undefined : detailOf(row.detail),
    requestId: row.request_id,
    count: row.count,
  }
}

function targetOf({ target_type: type, target_id: id, target_name: name }: StoredRecord): AuditRecord['target'] {
  return type === null || id === null ? undefined : { type, id, name: name ?? undefined }
}

/** A damaged detail must not keep the rest from being read; `verifyAudit` is what tells. */
function detailOf(text: string): Readonly<Record<string, JournalValue>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, JournalValue>>
  } catch {
    return { unreadable: text }
  }
}
