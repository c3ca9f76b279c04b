import type { z } from 'zod'
import type { PrincipalRef } from '#kit'
import type { AuditEntry, JournalValue } from '../audit/audit.ts'

/**
 * What a room lets be told of one kind of change. The event is named like the journal's action, and happens with the
 * journal's record: `ctx.audit` announces it. So nothing is journalled and forgotten here; a test finds an action that no
 * room declares.
 */
export interface EventDeclaration {
  /** One sentence for docs/events.md: what has happened. */
  readonly summary: string
  /**
   * Who may be told: the permission that reads the thing, with its target's `{id}` or `{name}`: `routes:read:{name}`.
   * Asked for whoever is told, each time; a target that is gone is asked as the whole type.
   */
  readonly read: string
  /** The members of the record's detail that are told; others never leave the journal. Absent: none. Never a secret. */
  readonly detail?: z.ZodObject
}

/** A room's events by name: `accounts.create`. */
export type EventTable = Readonly<Record<string, EventDeclaration>>

/** One change as it lies in the outbox. The detail is whole: only who knows the declaration may tell of it. */
export interface Announcement {
  /** `evt_…` */
  readonly id: string
  /** Grows with every event of this installation, with gaps; not exactly in the order of commits on PostgreSQL. */
  readonly sequence: number
  /** `accounts.create` */
  readonly event: string
  readonly at: number
  readonly actor: PrincipalRef
  readonly target: { readonly type: string; readonly id: string; readonly name?: string } | undefined
  readonly detail: Readonly<Record<string, JournalValue>> | undefined
  readonly requestId: string
}

/** What of an announcement is kept in the outbox beside its id, name and time. */
export function payloadOf(actor: PrincipalRef, entry: AuditEntry, requestId: string) {
  const { kind, id, name } = actor
  return {
    actor: { kind, id, name },
    ...(entry.target === undefined ? {} : { target: { ...entry.target } }),
    ...(entry.detail === undefined ? {} : { detail: entry.detail }),
    requestId,
  }
}

/** The announcement that a payload of `payloadOf` was made for. */
export function announcementOf(
  stored: Pick<Announcement, 'id' | 'sequence' | 'event' | 'at'>,
  payload: Readonly<Record<string, unknown>>,
): Announcement {
  const { actor, target, detail, requestId } = payload as unknown as Omit<Announcement, 'id' | 'sequence'>
  return { ...stored, actor, target, detail, requestId }
}
