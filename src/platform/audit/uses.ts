import type { Actor } from '#kit'
import type { NewUse } from './access-store.ts'
import type { Use } from './audit.ts'
import { storable } from './records.ts'

const minuteMs = 60_000
/** Different uses held between two writings; more than that within a second are not recorded, only counted. */
const mostUses = 20_000

/** Counts uses by session, thing and minute, in bounded memory. */
export class UseCounter {
  readonly #uses = new Map<string, NewUse>()
  /** The row each actor's last use went to: somebody at work uses one thing many times a second. */
  #last = new WeakMap<Actor, { readonly use: Use; readonly row: NewUse }>()
  #dropped = 0

  add(use: Use, now: number): void {
    const last = this.#last.get(use.actor)
    if (last !== undefined && isSameUse(last.use, use) && last.row.minute === minuteOf(now)) {
      last.row.count++
      last.row.last_at = now
    } else this.#addNew(use, now)
  }

  #addNew(use: Use, now: number): void {
    const made = useOf(use, now)
    const row = this.#count(made, now)
    if (row !== undefined) this.#last.set(use.actor, { use, row })
  }

  /** The row it was counted in; `undefined` when there was no room. */
  #count(row: NewUse, now: number): NewUse | undefined {
    const key = keyOf(row)
    const known = this.#uses.get(key)
    if (known !== undefined) {
      known.count++
      known.last_at = now
      return known
    }
    if (this.#uses.size >= mostUses) {
      this.#dropped++
      return undefined
    }
    this.#uses.set(key, row)
    return row
  }

  take(): { readonly uses: readonly NewUse[]; readonly dropped: number } {
    const taken = { uses: [...this.#uses.values()], dropped: this.#dropped }
    this.#uses.clear()
    // rows that were taken are somebody else's to write: nothing more may be counted in them
    this.#last = new WeakMap()
    this.#dropped = 0
    return taken
  }

  restore(uses: readonly NewUse[]): void {
    for (const use of uses) {
      const known = this.#uses.get(keyOf(use))
      if (known !== undefined) known.count += use.count
      else if (this.#uses.size < mostUses) this.#uses.set(keyOf(use), use)
      else this.#dropped += use.count
    }
  }
}

function isSameUse(a: Use, b: Use): boolean {
  return a.permission === b.permission && a.resource === b.resource
}

function minuteOf(now: number): number {
  return now - (now % minuteMs)
}

function useOf({ actor, permission, resource }: Use, now: number): NewUse {
  return {
    minute: minuteOf(now),
    principal_kind: actor.principal.kind,
    principal_id: storable(actor.principal.id),
    session_id: storable(actor.session?.id ?? ''),
    app_id: storable(actor.app?.id ?? ''),
    permission: storable(permission),
    resource_type: storable(resource.type),
    resource_id: storable(resource.id),
    resource_name: resource.name === undefined ? null : storable(resource.name),
    address: storable(actor.address ?? ''),
    count: 1,
    last_at: now,
  }
}

function keyOf(use: NewUse): string {
  const { minute, principal_id, session_id, app_id, permission, resource_type, resource_id, address } = use
  return JSON.stringify([minute, principal_id, session_id, app_id, permission, resource_type, resource_id, address])
}
