import type { Refusal } from './audit.ts'
import type { NewRecord } from './audit-store.ts'
import { makeRecord } from './records.ts'

const minuteMs = 60_000
/** Different refusals counted apart in one minute; a flood of more kinds than that is counted together. */
const mostKinds = 1_000
/** Action and kind of those beyond. */
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
  #others: Counted | undefined

  add(refusal: Refusal, now: number): void {
    const record = recordOf(refusal, now)
    const minute = Math.floor(now / minuteMs)
    const kind = kindOf(record, minute)
    const known = this.#kinds.get(kind)
    if (known !== undefined) count(known, now)
    else if (this.#kinds.size < mostKinds) this.#kinds.set(kind, counted(kind, record, minute, now))
    else if (this.#others === undefined) this.#others = counted(others, othersOf(record), minute, now)
    else count(this.#others, now)
  }

  /** Takes what must be written by now, or all of it. What cannot be written is given back with `restore`. */
  take(now: number, all: boolean): readonly TakenRefusals[] {
    const minute = Math.floor(now / minuteMs)
    const taken: TakenRefusals[] = []
    for (const of of this.#counted()) {
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
    if (of.kind === others) {
      this.#others ??= of
      return this.#others
    }
    const known = this.#kinds.get(of.kind)
    if (known === undefined) this.#kinds.set(of.kind, of)
    return known ?? of
  }

  *#counted(): Iterable<Counted> {
    yield* this.#kinds.values()
    if (this.#others !== undefined) yield this.#others
  }

  #forget(of: Counted): void {
    if (of === this.#others) this.#others = undefined
    else this.#kinds.delete(of.kind)
  }
}

/** The record of some refusals; several say until when. */
export function refusalRecord({ of, count, firstAt, lastAt }: TakenRefusals, id: string): NewRecord {
  const detail = JSON.parse(of.record.detail ?? '{}') as Record<string, unknown>
  const text = JSON.stringify(count > 1 ? { ...detail, until: lastAt } : detail)
  return { ...of.record, id, at: firstAt, count, detail: text }
}

function recordOf({ actor, permission, resource, decision, host, requestId }: Refusal, at: number): NewRecord {
  const { step, code, reason, policies } = decision
  const detail = {
    step,
    code,
    reason: reason.slice(0, 512),
    policies: policies.slice(0, 20).map((id) => id.slice(0, 128)),
    ...(host === undefined ? {} : { host: host.slice(0, 255) }),
  }
  const entry = { action: permission, detail, ...(resource === undefined ? {} : { target: resource }) }
  return makeRecord(actor, entry, { id: '', at, outcome: 'refused', requestId, count: 1 })
}

/** Everything but when and in which request. */
function kindOf({ id: _id, at: _at, request_id: _request, ...rest }: NewRecord, minute: number): string {
  return JSON.stringify([minute, ...Object.values(rest)])
}

function othersOf(record: NewRecord): NewRecord {
  const actor = { principal: { kind: 'system', id: 'system', name: 'system' } } as const
  const detail = {
    code: others,
    reason: `More than ${mostKinds} different refusals in a minute: these are counted together.`,
  }
  const facts = { id: '', at: record.at, outcome: 'refused', requestId: record.request_id, count: 1 } as const
  return makeRecord(actor, { action: others, detail }, facts)
}

function counted(kind: string, record: NewRecord, minute: number, now: number): Counted {
  return { kind, record, minute, count: 1, firstAt: now, lastAt: now, written: false }
}

function count(of: Counted, now: number): void {
  if (of.count === 0) of.firstAt = now
  of.count++
  of.lastAt = now
}
