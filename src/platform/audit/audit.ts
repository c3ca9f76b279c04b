import type { Actor, Decision } from '#kit'

/** JSON for the journal. Never a secret: entries are kept for ever and shown to auditors. */
export type JournalValue =
  | string
  | number
  | boolean
  | null
  | readonly JournalValue[]
  | { readonly [name: string]: JournalValue }

/** One change, written in the transaction that makes it. */
export interface AuditEntry {
  /** `accounts.create`, `sessions.revoke`: noun and verb, in the words of the API. */
  readonly action: string
  readonly target?: { readonly type: string; readonly id: string; readonly name?: string }
  readonly detail?: Readonly<Record<string, JournalValue>>
}

/**
 * One refusal. Equal ones (all fields but the request id) within a minute are at most two records with a count: the
 * first within a second, the rest when the minute has passed. A sealed record does not change, so it cannot count on.
 */
export interface Refusal {
  readonly actor: Actor
  readonly permission: string
  readonly resource?: { readonly type: string; readonly id: string }
  readonly decision: Decision
  /** Host for gateway refusals. */
  readonly host?: string
  /** It was let through all the same, because the rule is only tried out: `done`, with the decision it would have been. */
  readonly inShadow?: true
  readonly requestId: string
}

/** One allowed use of something that belongs to people; counted per session, thing and minute. */
export interface Use {
  readonly actor: Actor
  readonly permission: string
  readonly resource: { readonly type: string; readonly id: string; readonly name?: string }
}

export interface Journal {
  /** Queued in memory, its first of a kind written within a second; equal ones are counted. Never throws, never blocks. */
  refused(refusal: Refusal): void
  /** The access journal: batched, at most a second behind. Never throws, never blocks. */
  used(use: Use): void
  /** Writes what is queued; called by tests and at shutdown. */
  flush(): Promise<void>
}
