import type { NewUse } from './access-store.ts'
import type { Use } from './audit.ts'
import { storable } from './records.ts'

const minuteMs = 60_000
/** Different uses held between two writings; more than that within a second are not recorded, only counted. */
const mostUses = 20_000

/** Counts uses by session, thing and minute, in bounded memory. */
export class UseCounter {
  readonly #uses = new Map<string, NewUse>()
  #dropped = 0

  add(use: Use, now: number): void {
    const row = useOf(use, now)
    const known = this.#uses.get(keyOf(row))
    if (known !== undefined) {
      known.count++
      known.last_at = now
    } else if (this.#uses.size < mostUses) this.#uses.set(keyOf(row), row)
    else this.#dropped++
  }

  take(): { readonly uses: readonly NewUse[]; readonly dropped: number } {
    const taken = { uses: [...this.#uses.values()], dropped: this.#dropped }
    this.#uses.clear()
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

function useOf({ actor, permission, resource }: Use, now: number): NewUse {
  return {
    minute: now - (now % minuteMs),
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
