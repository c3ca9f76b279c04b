import type { Refusal } from './audit.ts'
import type { NewRecord } from './audit-store.ts'
import { makeRecord } from './records.ts'

const minuteMs = 60_000
/** Different refusals counted apart in one minute; a flood of more kinds than that is counted together, for each actor. */
const mostKinds = 1_000
/** And of one actor, so that nobody's flood, strangers' least of all, takes the place of what others are refused. */
const mostKindsOfOne = 500
/** Action of those beyond. */
const others = 'others'

/** Refusals of one kind in one minute that are not yet written. */
interface Counted {
  readonly kind: string
  readonly record: NewRecord
  readonly minute: number
  count: number
  firstAt: number
  lastAt: number
  /** One record of this minute exists already: the rest waits for the minute to end. */
  written: boolean
}

/** A share of a `Counted` on its way into the database. */
export interface TakenRefusals {
  readonly of: Counted
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

/** Counts equal refusals by the minute, in bounded memory. */
export class RefusalCounter {
  readonly #kinds = new Map<string, Counted>()
  /** How many of them by actor. */
  readonly #kindsOf = new Map<string, number>()

  add(refusal: Refusal, now: number): void {
    const record = recordOf(refusal, now)
    const minute = Math.floor(now / minuteMs)
    const kind = kindOf(record, minute)
    if (this.#kinds.has(kind) || this.#hasRoomFor(record)) this.#count(kind, record, minute, now)
    else this.#count(kindOf(othersOf(record), minute), othersOf(record), minute, now)
  }

  #hasRoomFor(record: NewRecord): boolean {
    return this.#kinds.size < mostKinds && (this.#kindsOf.get(actorOf(record)) ?? 0) < mostKindsOfOne
  }

  #count(kind: string, record: NewRecord, minute: number, now: number): void {
    const known = this.#kinds.get(kind)
    if (known === undefined) this.#keep({ kind, record, minute, count: 1, firstAt: now, lastAt: now, written: false })
    else count(known, now)
  }

  /** Takes what must be written by now, or all of it. What cannot be written is given back with `restore`. */
  take(now: number, all: boolean): readonly TakenRefusals[] {
    const minute = Math.floor(now / minuteMs)
    const taken: TakenRefusals[] = []
    for (const of of this.#kinds.values()) {
      if (of.count > 0 && (all || !of.written || of.minute !== minute)) {
        taken.push({ of, count: of.count, firstAt: of.firstAt, lastAt: of.lastAt })
        of.count = 0
        of.written = true
      }
      if (of.count === 0 && of.minute !== minute) this.#forget(of)
    }
    return taken
  }

  restore(taken: readonly TakenRefusals[]): void {
    for (const { of, count, firstAt, lastAt } of taken) {
      const known = this.#remember(of)
      known.lastAt = known.count > 0 ? known.lastAt : lastAt
      known.firstAt = firstAt
      known.count += count
      known.written = false
    }
  }

  #remember(of: Counted): Counted {
    return this.#kinds.get(of.kind) ?? this.#keep(of)
  }

  #keep(of: Counted): Counted {
    const actor = actorOf(of.record)
    this.#kinds.set(of.kind, of)
    this.#kindsOf.set(actor, (this.#kindsOf.get(actor) ?? 0) + 1)
    return of
  }

  #forget(of: Counted): void {
    const actor = actorOf(of.record)
    const left = (this.#kindsOf.get(actor) ?? 0) - 1
    this.#kinds.delete(of.kind)
    if (left > 0) this.#kindsOf.set(actor, left)
    else this.#kindsOf.delete(actor)
  }
}

function actorOf({ actor_kind: kind, actor_id: id }: NewRecord): string {
  return `${kind} ${id}`
}

/** The record of some refusals; several say until when. */
export function refusalRecord({ of, count, firstAt, lastAt }: TakenRefusals, id: string): NewRecord {
  const detail = JSON.parse(of.record.detail ?? '{}') as Record<string, unknown>
  const text = JSON.stringify(count > 1 ? { ...detail, until: lastAt } : detail)
  return { ...of.record, id, at: firstAt, count, detail: text }
}

function recordOf(
  { actor, permission, resource, decision, host, inShadow, requestId }: Refusal,
  at: number,
): NewRecord {
  const { step, code, reason, policies } = decision
  const detail = {
    step,
    code,
    reason: reason.slice(0, 512),
    policies: policies.slice(0, 20).map((id) => id.slice(0, 128)),
    ...(host === undefined ? {} : { host: host.slice(0, 255) }),
    ...(inShadow === undefined ? {} : { shadow: true }),
  }
  const entry = { action: permission, detail, ...(resource === undefined ? {} : { target: resource }) }
  const outcome = inShadow === undefined ? 'refused' : 'done'
  return makeRecord(actor, entry, { id: '', at, outcome, requestId, count: 1 })
}

/** Everything but when and in which request. */
function kindOf({ id: _id, at: _at, request_id: _request, ...rest }: NewRecord, minute: number): string {
  return JSON.stringify([minute, ...Object.values(rest)])
}

/** Only who it was. */
function othersOf(record: NewRecord): NewRecord {
  const reason = 'More different refusals in a minute than are told apart: these are counted together.'
  const through = { credential_id: null, session_id: null, app_id: null, grant_id: null, address: null }
  const target = { target_type: null, target_id: null, target_name: null }
  return { ...record, ...through, ...target, action: others, detail: JSON.stringify({ code: others, reason }) }
}

function count(of: Counted, now: number): void {
  if (of.count === 0) of.firstAt = now
  of.count++
  of.lastAt = now
}
