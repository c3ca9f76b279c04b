import type { Actor, Resource } from '#kit'
import type { Clock, Database, Log } from '#platform'
import type { PolicyAnswer } from '../policy-engine.ts'
import type { PolicyDifferenceRow } from '../tables.ts'
import { addDifferences, listShadowed } from './differences-store.ts'

/** Different answers held between two writings; more are only counted. */
const maxHeld = 2_000

/** One difference as it is counted, the policy by name. */
export type HeldDifference = Omit<PolicyDifferenceRow, 'policy_id' | 'version' | 'count' | 'last_at'> & {
  readonly policy: string
  count: number
  last_at: number
}

/** Counts on this node what policies in shadow mode would have answered otherwise, in bounded memory. */
export class ShadowDifferences {
  readonly #database: Database
  readonly #log: Log
  readonly #clock: Clock
  #held = new Map<string, HeldDifference>()
  #dropped = 0

  constructor(database: Database, log: Log, clock: Clock) {
    this.#database = database
    this.#log = log
    this.#clock = clock
  }

  note(actor: Actor, permission: string | undefined, resource: Resource | undefined, shadow: PolicyAnswer): void {
    const policies = new Set(shadow.policies.flatMap((id) => /^policy:([^/]+)\//.exec(id)?.[1] ?? []))
    for (const policy of policies) this.#count(policy, actor, permission ?? '', resource, shadow.allowed)
  }

  /** Writes what was counted, and a line for each policy. Nothing is lost by a failure. */
  async flush(): Promise<void> {
    const held = this.#held
    if (held.size === 0) return
    const dropped = this.#dropped
    this.#held = new Map()
    this.#dropped = 0
    try {
      const written = await this.#database.tx(async (db) => {
        const shadowed = await listShadowed(db)
        return addDifferences(db, shadowed, [...held.values()])
      })
      for (const [policy, counts] of written) this.#log.info({ policy, ...counts }, 'a policy in shadow mode differs')
      if (dropped > 0) this.#log.warn({ dropped }, 'more differences of policies in shadow mode than are told apart')
    } catch (error) {
      for (const [key, one] of held) this.#restore(key, one)
      this.#dropped += dropped
      this.#log.error({ error }, 'differences of policies in shadow mode could not be written; they are kept')
    }
  }

  #count(policy: string, actor: Actor, permission: string, resource: Resource | undefined, allowed: boolean): void {
    const { id, name } = actor.principal
    const would = allowed ? 'allow' : 'refuse'
    const key = JSON.stringify([policy, id, permission, resource?.type ?? '', resource?.id ?? '', would])
    const known = this.#held.get(key)
    const now = this.#clock.now()
    if (known !== undefined) {
      known.count++
      known.last_at = now
    } else if (this.#held.size >= maxHeld) this.#dropped++
    else {
      const who = { principal_id: id, principal_name: name.slice(0, 200), permission: permission.slice(0, 512) }
      const what = { resource_type: resource?.type ?? '', resource_id: (resource?.id ?? '').slice(0, 512) }
      this.#held.set(key, { policy, ...who, ...what, would, count: 1, first_at: now, last_at: now })
    }
  }

  #restore(key: string, one: HeldDifference): void {
    const known = this.#held.get(key)
    if (known !== undefined) known.count += one.count
    else if (this.#held.size < maxHeld) this.#held.set(key, one)
    else this.#dropped += one.count
  }
}
