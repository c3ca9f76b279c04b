import type { Actor } from '#kit'
import { fail } from '../platform-errors.ts'
import type { AuditEntry, JournalValue } from './audit.ts'
import type { NewRecord } from './audit-store.ts'

/** Longest text kept in one column; what strangers send must not fill the journal. */
const longestText = 512
/** Of a detail as JSON: a change tells before and after, and what grew over many requests may be longer. Refusals are cut far below. */
const longestDetail = 262_144

/** What a record is about besides its actor. */
export interface RecordFacts {
  readonly id: string
  readonly at: number
  readonly outcome: 'done' | 'refused'
  readonly requestId: string
  readonly count: number
}

/** Builds a record. @throws GateError `platform.change-too-large` when its detail is larger than 256 KiB of JSON */
export function makeRecord(actor: Actor, entry: AuditEntry, facts: RecordFacts): NewRecord {
  const { principal, credential, session, app, grant, address } = actor
  return {
    id: facts.id,
    at: facts.at,
    outcome: facts.outcome,
    action: storable(entry.action),
    actor_kind: principal.kind,
    actor_id: storable(principal.id),
    actor_name: storable(principal.name),
    credential_id: optional(credential?.id),
    session_id: optional(session?.id),
    app_id: optional(app?.id),
    grant_id: optional(grant?.id),
    address: optional(address),
    target_type: optional(entry.target?.type),
    target_id: optional(entry.target?.id),
    target_name: optional(entry.target?.name),
    detail: entry.detail === undefined ? null : detailText(entry.detail),
    request_id: storable(facts.requestId),
    count: facts.count,
  }
}

/** A text as a column of the journal takes it: cut, well-formed, without NUL. Hashed and stored the same. */
export function storable(text: string): string {
  const cut = text.length > longestText ? `${text.slice(0, longestText)}…` : text
  return cut.toWellFormed().replaceAll('\0', '\u{fffd}')
}

function optional(text: string | undefined): string | null {
  return text === undefined ? null : storable(text)
}

function detailText(detail: Readonly<Record<string, JournalValue>>): string {
  // JSON writes lone surrogates and NUL as escapes, so the text is storable as it is
  const text = JSON.stringify(detail)
  if (text.length > longestDetail) throw fail('platform.change-too-large', { fields: { limit: longestDetail } })
  return text
}
