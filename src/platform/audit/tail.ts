import { setTimeout as pause } from 'node:timers/promises'
import type { Db } from '../db/database.ts'
import { type AuditFilter, readHead, selectSealed } from './audit-store.ts'
import { type AuditRecord, recordOf } from './list.ts'

/** How often the chain's head is read while somebody follows it. */
const everyMs = 500
const atOnce = 100

/** Where the chain ends now: what is sealed later has a greater `seq`. */
export async function auditPosition(db: Db): Promise<number> {
  return (await readHead(db)).seq
}

/**
 * Records as they join the chain, oldest first, each exactly once. The order is that of `seq`, not of writing: on
 * PostgreSQL a transaction that commits late has an early ordinal, and whoever followed those would miss it. So a record
 * comes at most a second and a half after its commit, whichever node made it.
 *
 * @param after the `seq` to go on behind
 * @param signal ends it
 */
export async function* followAudit(
  db: Db,
  filter: AuditFilter,
  { after, signal }: { readonly after: number; readonly signal: AbortSignal },
): AsyncGenerator<AuditRecord & { readonly seq: number }> {
  let position = after
  while (!signal.aborted) {
    const head = await auditPosition(db)
    while (position < head && !signal.aborted) {
      const rows = await selectSealed(db, filter, { after: position, upTo: head, limit: atOnce })
      for (const row of rows) {
        yield { ...recordOf(row), seq: row.seq }
        if (signal.aborted) return
      }
      // a page that is not full was the last: what does not match up to the head is behind us too
      position = rows.length < atOnce ? head : (rows.at(-1)?.seq ?? head)
    }
    await pause(everyMs, undefined, { ref: false, signal }).catch(() => undefined)
  }
}
